# Keys are made, shown and changed; nothing is written over, and no sentence tells of a secret.
key() { # KEY stands for every key, so that the print is the same each time
	suanpan-keys "$@" 2>&1 | sed -E "s/(public: |')[^ ']{40}/\1KEY/g"
}
suanpan-keys --help
suanpan-keys new --help
suanpan-keys show --help
suanpan-keys rotate --help

key new liwan.key --comment 'Liwan 荔湾'
stat -c '%a %n' liwan.key
sed -E 's/[^ ]{40}$/KEY/' liwan.key
key show liwan.key
suanpan-keys show liwan.key >first.pub

echo '== nothing is written over'
key new liwan.key

echo '== a change in two steps'
key rotate liwan.key --finish
key rotate liwan.key
key rotate liwan.key
suanpan-keys show liwan.key | cmp - first.pub && echo 'the old one is still in use'
key show liwan.key liwan.key.next
suanpan-keys show liwan.key.next >second.pub
key rotate liwan.key --finish
suanpan-keys show liwan.key | cmp - second.pub && echo 'the new one is in use'
stat -c '%a %n' liwan.key*

echo '== mistakes'
suanpan-keys
suanpan-keys renew liwan.key
suanpan-keys new
suanpan-keys new a b
suanpan-keys new other.key --finish
suanpan-keys new other.key --comment 'two
lines'
suanpan-keys new nowhere/other.key
chmod 644 first.pub
suanpan-keys show first.pub
suanpan-keys show other.key
chmod 644 liwan.key
suanpan-keys show liwan.key
suanpan-keys rotate liwan.key
chmod 600 liwan.key
sed -i 's/^secret/secert/' liwan.key
suanpan-keys show liwan.key
