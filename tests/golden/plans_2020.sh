# The main job: every 2020 figure of the 14th plan comes out of the districts' reports exactly as printed, and the 13th
# plan's verdicts are the document's own: all met but books per resident, one cancelled.
"$SUANPAN_SOURCE/config/demo/run" sh -c '
	suanpan plan plan14 --period 2020 --format csv >"$TMPDIR/plan14.csv" &&
	suanpan plan plan13 --period 2020 --format csv >"$TMPDIR/plan13.csv" &&
	suanpan plan plan14-goals --period 2020 --format csv | sed "s/,[^,]*\$//" &&
	for area in 440100 central outer; do
		suanpan get resident_population --area $area --format csv | cut -d , -f 1-9
	done' || exit

# compare PLAN VERDICTS: the values against the published ones, and how many rows got which verdict.
compare() {
	awk -F , -v plan="$1" '
		FNR == 1 { next }
		FILENAME ~ /-2020.csv$/ { printed[$1] = $2; expected[$1] = $3; next }
		{ n++; value = $6; verdict = $10 }
		value != printed[$1] { print plan " row " $1 ": " value ", printed " printed[$1] }
		expected[$1] == "yes" && verdict != "met" { print plan " row " $1 ": " verdict ", said to be met" }
		expected[$1] == "no" && verdict != "off track" { print plan " row " $1 ": " verdict ", said to be missed" }
		expected[$1] == "cancelled" && verdict != "cancelled" { print plan " row " $1 ": " verdict ", cancelled" }
		value != "" && value == printed[$1] { agree++ }
		END { print plan ": " n " rows, " agree " figures as printed, " n - agree " without" }
	' "$SUANPAN_SOURCE/tests/data/$1-2020.csv" "$TMPDIR/$1.csv"
}
compare plan14
compare plan13
