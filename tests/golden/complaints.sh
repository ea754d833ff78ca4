# What cannot be answered is a sentence, and a status of its own.
try() {
	echo "\$ $*"
	"$@"
	echo "status $?"
}
try suanpan status --query ipc://nobody --timeout 0.2
try suanpan-report push --spool spool --reporter liwan --timeout 0.2 --query ipc://nobody --intake ipc://nobody none.csv
try suanpan frob
try suanpan get
try suanpan get resident_population --form csv
try suanpan status --query nowhere
try suanpan-report drain --spool spool
try suanpand --set colour=blue
try suanpand --set store
try suanpand --config missing.yaml
cd "$SUANPAN_SOURCE" || exit 2
config/demo/run sh -c '
	try() {
		echo "\$ $*"
		"$@"
		echo "status $?"
	}
	try suanpan get resident_populatio
	try suanpan get resident_population --area Liwam
	try suanpan get resident_population --from 2020-13
	try suanpan plan plan15
	try suanpan plan plan14 --period soon
	try suanpan history resident_population Liwan 2020-01
' 2>&1
