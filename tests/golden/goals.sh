# The goals of the plan's text, from the census: the outer districts' share of residents in 2020 (66.07 %), and by how much it
# grows if 2025 brings the target populations (675 and 1425, in 10k): 1.79 points.
# shellcheck disable=SC2016 # for the inner shell
"$SUANPAN_SOURCE/config/demo/run" sh -c '
	# Each district keeps its share of its group: whole persons, the rest to the last.
	target() {
		awk -F , -v group="$1" -v total="$2" "NR > 1 && \$2 in member { n++; area[n] = \$2; was[n] = \$4; sum += \$4 }
			BEGIN { split(group, list, \" \"); for (i in list) member[list[i]] }
			END { for (i = 1; i <= n; i++) { now = i < n ? int(was[i] * total / sum) : total - given; given += now
				print \"resident_population,\" area[i] \",2025,\" now } }" "$TMPDIR/census.csv"
	}
	echo "statistic,area,period,value" >"$TMPDIR/census.csv"
	for area in 440103 440104 440105 440106 440111 440112 440113 440114 440115 440117 440118; do
		suanpan get resident_population --area $area --from 2020 --to 2020 --format csv | sed 1d >>"$TMPDIR/census.csv"
	done
	{
		target "440103 440104 440105 440106" 6750000
		target "440111 440112 440113 440114 440115 440117 440118" 14250000
	} >"$TMPDIR/2025.csv"
	for reporter in liwan:440103 yuexiu:440104 haizhu:440105 tianhe:440106 baiyun:440111 huangpu:440112 panyu:440113 \
		huadu:440114 nansha:440115 conghua:440117 zengcheng:440118; do
		{ echo statistic,area,period,value; grep "${reporter#*:}" "$TMPDIR/2025.csv"; } >"$TMPDIR/one.csv"
		suanpan-report push --quiet --reporter "${reporter%:*}" --spool "$TMPDIR/${reporter%:*}" "$TMPDIR/one.csv" || exit
	done
	suanpan get outer_share_of_residents --format csv | cut -d , -f 1-9
	suanpan get outer_share_gained --from 2025 --format csv | cut -d , -f 1-9
	suanpan plan plan14-goals --period 2025 --format csv | sed "s/,[^,]*\$//"'
