# Without a daemon: what cannot be done is a sentence, and a status of its own. (With one: asking_wrongly.)
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
