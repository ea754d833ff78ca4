# A plan's page: on paper and on a terminal, with and without colours, wide and narrow, in each language.
"$SUANPAN_SOURCE/config/demo/run" sh -c '
	# on TERM COLUMNS COMMAND...: on a terminal of its own, its escapes made visible
	on() {
		export TERM="$1"
		columns=$2
		shift 2
		printf "\n--- TERM=%s NO_COLOR=%s, %s columns: %s\n" "$TERM" "${NO_COLOR-}" "$columns" "$*"
		script -qec "stty cols $columns && $*" /dev/null </dev/null | tr -d "\r" | sed "s/$(printf "\033")/\\\\e/g"
	}
	on xterm-256color 160 suanpan plan plan13 --period 2020
	on dumb 120 suanpan plan plan13 --period 2020 --lang zh-hans
	NO_COLOR=1 on xterm 120 suanpan plan plan14 --period 2020 --lang zh-hant
	NO_COLOR= on xterm 72 suanpan plan plan14-goals --period 2020
	printf "\n--- in a locale without UTF-8, on paper of 100 columns\n"
	LC_ALL=C COLUMNS=100 suanpan plan plan14 --period 2020
	printf "\n--- the language of the locale, which is not on this machine\n"
	LC_ALL= LANG=zh_TW.UTF-8 suanpan plan plan14-goals --period 2020'
