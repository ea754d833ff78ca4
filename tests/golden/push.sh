# A file with every mistake a clerk can make: all of them are listed, with their lines, and nothing is sent.
cd "$SUANPAN_SOURCE" || exit 2
{
	printf '\357\273\277statistic,area,period,value,status,note\r\n'
	echo 'resident_population,440103,2021,"1,238,306",A,'
	echo 'resident_population,Liwan,2021,１２３,A,full-width digits'
	echo 'resident_populatoin,440103,2021,1,A,'
	echo 'resident_population,440999,2021,1,A,'
	echo 'resident_population,440104,2021,1,A,"of another district"'
	echo 'resident_population,440103,2021-06,1,A,'
	echo 'resident_population,440103,soon,1,A,'
	echo 'resident_population,440103,2022,1.5,A,'
	echo 'resident_population,440103,2023,"12,34",A,'
	echo 'resident_population,440103,2024,,A,'
	echo 'resident_population,440103,2025,1,Z,'
	echo 'resident_population,440103,2021,2,A,again'
	echo 'resident_population,440103'
} >"$SUANPAN_DEMO.csv"
printf 'statistic,area,period,value\nresident_population,440103,2020,1238306\n' >"$SUANPAN_DEMO-good.csv"
config/demo/run sh -c '
	push() {
		suanpan-report push --reporter liwan --spool "$SUANPAN_DEMO/spool/liwan" "$@" <"$SUANPAN_DEMO$from.csv" |
			sed "s/commit [0-9]*/commit COMMIT/"
	}
	get() {
		suanpan get resident_population --area liwan --format csv | sed "s/,[0-9][0-9]*$/,COMMIT/"
	}
	from= push -
	get
	from=-good push --dry-run -
	get
	from=-good push -
	get
	suanpan history resident_population liwan 2020 --format csv | cut -d , -f 1-3
' 2>&1
