# Every program and every command explains itself.
for program in suanpand suanpan-report suanpan suanpan-simulate; do
	"$program" --help
	"$program" --version
done
for command in push drain status; do
	suanpan-report "$command" --help
done
for command in status list get plan history eval coverage explain diff watch; do
	suanpan "$command" --help
done
for command in play write; do
	suanpan-simulate "$command" --help
done
