# awk -f layers.awk daemon/LAYERS FILE...: every #include of the files against the table, one line a breach.
# Reports and goes on, so that one run shows all of them.

function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
function folder_of(path) { # daemon/store/read.c: store; daemon/app.c: daemon; clients/lib/ask.h: clients/lib
	sub(/\/[^\/]*$/, "", path)
	sub(/^daemon\//, "", path)
	return path
}
function breach(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
	breaches++
}

FNR == 1 { first_file = (NR == 1); here = folder_of(FILENAME) }

first_file && !/^(#|[ \t]*$)/ {
	if (split($0, column, "|") != 4 || trim(column[4]) == "")
		breach("a row has four columns, the last a sentence")
	name = trim(column[1])
	known[name] = 1
	for (i = split(column[2], word, " "); i > 0; i--)
		if (word[i] != "-") { may[name, word[i]] = 1; mentioned[word[i]] = FNR }
	for (i = split(column[3], word, " "); i > 0; i--)
		if (word[i] != "-") { owns[name, word[i]] = 1; foreign[word[i]] = 1 }
}
first_file { next }

FNR == 1 && !(here in known) { breach("the folder '" here "' has no row in daemon/LAYERS") }

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	there = folder_of(part[2])
	if (index(part[2], "/") == 0 || !(there in known))
		breach("\"" part[2] "\" is not a path from the root into a folder of daemon/LAYERS")
	else if (there != here && !((here, there) in may) && !((here, "all") in may))
		breach(here " may not include " there " (\"" part[2] "\")")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	split($0, part, /[<>]/)
	if (part[2] in foreign && !((here, part[2]) in owns))
		breach(here " does not own <" part[2] ">")
}

END {
	for (name in mentioned)
		if (name != "all" && !(name in known)) {
			printf "daemon/LAYERS:%d: no row for '%s'\n", mentioned[name], name
			breaches++
		}
	exit breaches > 0
}
