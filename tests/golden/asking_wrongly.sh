# What a slip of the keyboard gets: a sentence with the nearest known word, and the exit status.
"$SUANPAN_SOURCE/config/demo/run" sh -c '
	try() { echo "\$ $*"; "$@"; echo "exit $?"; }
	try suanpan gte resident_population
	try suanpan get resident_populatoin
	try suanpan get resident_population --area Liwna
	try suanpan get resident_population --from 2020-13
	try suanpan get resident_population --frequency M --area 440103
	try suanpan get new_urban_jobs --frequency D
	try suanpan get life_expectancy --area liwan
	try suanpan plan plan15
	try suanpan plan plan14 --preiod 2020
	try suanpan history resident_population 440100 2020
	try suanpan history hospital_beds liwan 2020
	try suanpan history hospital_beds liwan' 2>&1
