# The tables as people see them, in two of the three scripts.
"$SUANPAN_SOURCE/config/demo/run" sh -c '
	suanpan plan plan14 --period 2020 &&
	suanpan plan plan13 --period 2020 --lang zh-hant'
