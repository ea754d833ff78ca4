# A mistake in a catalogue or a configuration: the file, the line, and what was expected.
good=$SUANPAN_SOURCE/config/catalogue
number=0

# broken FILE SED: checks a copy of the catalogue with one file edited.
broken() {
	number=$((number + 1))
	echo "\$ $2 $1"
	cp -r "$good" "$number"
	sed -i "$2" "$number/$1"
	suanpand --set "catalogue=$number" --check-config
	echo "status $?"
}

(cd "$SUANPAN_SOURCE" && suanpand --config config/suanpan.yaml --check-config)
echo "status $?"
broken statistics.yaml '0,/kind: stock/s//kind: shock/'
broken statistics.yaml '0,/decimals: 0/s//decimals: many/'
broken statistics.yaml '0,/ unit:/s// units:/'
broken indicators.yaml '0,/formula: resident_population /s//formula: resident_populatoin /'
broken indicators.yaml '0,/formula: /s//formula: 2 * (/'
broken areas.yaml '0,/parent: "440100"/s//parent: "440999"/'
broken reporters.yaml '0,/code: liwan/s//code: yuexiu/'
broken plan-plan14.yaml '0,/"about"/s//"roughly"/'
broken plan-plan14.yaml '0,/from: /s//from: x/'
broken plan-plan13.yaml '1s/^/	/'
echo 'colour: blue' >config.yaml
suanpand --config config.yaml --check-config
echo "status $?"
