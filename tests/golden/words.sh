# The catalogues of clients/po have every text of the sources, translated, and none besides; see clients/po/texts. Says
# nothing, or what is wrong. `make po` takes over what is missing.
cd "$SUANPAN_SOURCE" || exit 2
"$SUANPAN_SOURCE/clients/po/texts" >"$TMPDIR/texts" || exit 2
for words in clients/po/*.po; do
	msgfmt --check --check-format -o /dev/null "$words"
	msgcmp "$words" "$TMPDIR/texts"
	msgmerge --quiet --no-fuzzy-matching --no-location --width=110 -o - "$words" "$TMPDIR/texts" | diff -u "$words" -
	msgattrib --obsolete --only-fuzzy "$words"
done
ls clients/po/*.po
# What tables hold for people is marked for the catalogues.
for file in clients/query/*.[ch]; do
	tr '\n\t' '  ' <"$file" | grep -oE '\.(title|sentence|nothing) *= *"[^" ][^"]*"' | sed "s|^|$file: |"
done
true
