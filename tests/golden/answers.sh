# Every kind of question, on the demo's reports. Which commit a report came in depends on who was quicker.
cd "$SUANPAN_SOURCE" || exit 2
config/demo/run sh -c '
	for area in 440100 central outer Liwan 荔湾区 荔灣區; do
		suanpan get resident_population --area "$area" --format csv
	done | sed "s/,[0-9][0-9]*$/,COMMIT/"
	suanpan get hospital_beds_per_1000 --from 2020-11
	suanpan get hospital_beds_per_1000 --frequency A --area outer --lang zh-hans
	suanpan get urban_income_growth --frequency A --format json | sed "s/\"commit\": *[0-9]*/\"commit\":COMMIT/"
	suanpan list areas
	suanpan list areas --lang zh-hant --format csv
	suanpan list plans --format json
	suanpan list indicators --lang zh-hans | head -n 4
	suanpan history resident_population Liwan 2020 --format csv | cut -d , -f 1-4
	suanpan status --format csv | grep -E "^(key|refused|revisions|observations)"
'
