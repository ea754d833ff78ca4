# A correction, and everything that can be asked about it: the figure before and after, what stands behind it, what moved
# it, and who has reported. Which commit a report came in depends on who was quicker; streams, times and how late a
# report of 2020 is are other ones at every run.
cd "$SUANPAN_SOURCE" || exit 2
{
	echo 'statistic,area,period,value'
	echo 'hospital_beds,440103,2020-12,9000'
	echo 'resident_population,440103,2020,1250000'
} >"$SUANPAN_DEMO-liwan.csv"
printf 'statistic,area,period,value\nhospital_beds,440104,2020-12,22800\n' >"$SUANPAN_DEMO-yuexiu.csv"
config/demo/run sh -c '
	try() {
		echo "\$ suanpan $*" | sed -E "s/(--as-of|--from) $before( |\$)/\1 BEFORE\2/" >&2
		suanpan "$@"
	}
	correct() {
		suanpan-report push --reporter "$1" --spool "$SUANPAN_DEMO/spool/$1" "$SUANPAN_DEMO-$1.csv" |
			sed "s/commit [0-9]*/commit COMMIT/"
	}
	masked() {
		sed -E "s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]*[+]08:00/TIME/; s|[0-9a-f]{8}/([0-9]+)|STREAM/\1|; s/ +[0-9]+ TIME/ COMMIT TIME/"
	}
	before=$(suanpan status --format csv | sed -n "s/^commit,//p")
	correct liwan
	correct yuexiu

	for area in liwan central 440100; do
		try get hospital_beds_per_1000 --area $area --from 2020-12 --format csv | cut -d , -f 1-9
		try get hospital_beds_per_1000 --area $area --from 2020-12 --format csv --as-of "$before" | cut -d , -f 1-9
	done
	try plan plan14 --period 2020 --format csv | grep hospital_beds_per_1000 | sed "s/,[^,]*\$//"
	try plan plan14 --period 2020 --format csv --as-of "$before" | grep hospital_beds_per_1000 | sed "s/,[^,]*\$//"
	try history hospital_beds liwan 2020-12 --format csv | cut -d , -f 1-4
	try history hospital_beds liwan 2020-12 --format csv --as-of "$before" | cut -d , -f 1-4
	try status --as-of "$before" --format csv | grep -E "^(observations|revisions|values),"

	try eval "1000 * hospital_beds / resident_population" --area central --from 2020 --frequency A --decimals 4
	try eval "1000 * hospital_beds / resident_population" --area central --from 2020 --frequency A --decimals 4 --as-of "$before"

	try explain hospital_beds_per_1000 central 2020 | masked
	try explain hospital_beds_per_1000 Liwan 2020 --lang zh-hans --as-of "$before" | masked
	try explain hospital_beds_per_1000 central 2020 --format csv | cut -d , -f 1-8,10,14-15

	try diff hospital_beds_per_1000 central 2020 --from "$before" --format csv | cut -d , -f 1-6,9
	suanpan diff hospital_beds_per_1000 central 2020 --from "$before" --format csv |
		awk -F , "NR > 1 && \$1 { sum += \$9 } NR > 1 && !\$1 { printf \"the parts add up to %.4f, the whole is %.4f\n\", sum, \$9 }"
	try diff hospital_beds_per_1000 outer 2020 --from "$before" --format csv | cut -d , -f 1-6,9

	try coverage 2020-12 --statistic hospital_beds --format csv | cut -d , -f 1-7,9-
	try coverage 2020-12 --statistic hospital_beds --format csv --as-of "$before" | cut -d , -f 1-7,9-
	try coverage 2020-S2 --reporter yuexiu --format csv | cut -d , -f 1-7,9- | grep -E "^(statistic|hospital_beds),"
	try coverage 2020 | tail -n 1

	try get hospital_beds --as-of lately
	try get hospital_beds --as-of 999999 2>&1 | sed "s/newest is [0-9]*/newest is COMMIT/"
	try get hospital_beds --as-of 2015-12-31
	try eval "1000 * hospital_bedz"
	try eval "hospital_beds +"
	try explain hospital_beds_per_1000 Liwna 2020
	try diff hospital_beds_per_1000 central 2020 --from 2020-13
	true
' 2>&1
