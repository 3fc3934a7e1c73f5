# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# apt with sources and package lists of its own, in a folder: the machine's own are read but never touched, so
# there is nothing to restore, whatever happens. Sourced by scripts/deps, scripts/fresh-root and tests/vm.

# apt_main_entry CODENAME [SUITE]: the machine's source entry of its distribution's main archive (deb822 or
# one-line), whatever its mirror and keys are; with SUITE in place of CODENAME if given. Prints it; 1 if there is none.
apt_main_entry()
{
	local codename=$1 suite=${2:-$1} files=() file
	for file in /etc/apt/sources.list.d/*.sources; do
		if [ -r "$file" ]; then
			files+=("$file")
		fi
	done
	# a foreign archive may have a suite of the same name: the distribution's own ends in its name
	# shellcheck disable=SC2016 # sed's and awk's dollars
	if [ ${#files[@]} -gt 0 ] && sed -s '/^#/d; $G' "${files[@]}" | awk -v codename="$codename" -v suite="$suite" '
		BEGIN { RS = ""; FS = "\n"; none = 1 }
		none {
			own = named = 0
			enabled = 1
			for (i = 1; i <= NF; i++) {
				count = split($i, word, /[ \t]+/)
				key = tolower(word[1])
				for (j = 2; j <= count; j++) {
					if (key == "uris:" && word[j] ~ /\/(debian|ubuntu)(\.list)?\/?$/)
						own = 1
					if (key == "suites:" && word[j] == codename)
						named = 1
					if (key == "enabled:" && tolower(word[j]) == "no")
						enabled = 0
				}
				if (key == "suites:")
					$i = "Suites: " suite
				if (key == "types:")
					$i = "Types: deb"
			}
			if (own && named && enabled) {
				for (i = 1; i <= NF; i++)
					print $i
				none = 0
			}
		}
		END { exit none }'; then
		return 0
	fi
	local line
	line=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
		sed -nE 's,^deb([[:space:]]+\[[^]]*\])?[[:space:]]+([^[:space:]]+/(debian|ubuntu)(\.list)?/?)[[:space:]]+'"$codename"'[[:space:]]+(.*),deb\1 \2 '"$suite"' \5,p' |
		head -n 1)
	if [ -z "$line" ]; then
		return 1
	fi
	echo "$line"
}

# apt_private FOLDER: sets APT_OPTIONS so that apt-get and apt-cache live in FOLDER; further entries can be put
# into FOLDER/sources.list.d. Then run apt_update.
apt_private()
{
	local folder=$1
	mkdir -p "$folder"/{lists/partial,cache/archives/partial,sources.list.d,preferences.d} || return
	rm -rf "$folder"/sources.list.d/* "$folder"/preferences.d/*
	cp /etc/apt/sources.list "$folder/sources.list" 2>/dev/null || : >"$folder/sources.list"
	cp /etc/apt/sources.list.d/*.{sources,list} "$folder/sources.list.d" 2>/dev/null || :
	cp /etc/apt/preferences.d/* "$folder/preferences.d" 2>/dev/null || :
	# what the machine has already need not be fetched again
	cp -n /var/lib/apt/lists/*_* "$folder/lists" 2>/dev/null || :
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$folder" # apt fetches as a user without rights
	fi
	APT_OPTIONS=(
		-o "Dir::Etc::SourceList=$folder/sources.list"
		-o "Dir::Etc::SourceParts=$folder/sources.list.d"
		-o "Dir::Etc::PreferencesParts=$folder/preferences.d"
		-o "Dir::State::Lists=$folder/lists"
		-o "Dir::Cache=$folder/cache"
		-o "APT::Get::Show-User-Simulation-Note=false"
		-o "DPkg::Lock::Timeout=120"
		-o "Acquire::Retries=3"
	)
}

# apt_lend FOLDER CODENAME SUITE: after apt_private, SUITE is among the sources too, at the mirror that CODENAME
# comes from. 1 if no entry of CODENAME is there to go by.
apt_lend()
{
	# shellcheck disable=SC2016 # apt's own dollar
	if apt-get "${APT_OPTIONS[@]}" indextargets --format '$(RELEASE)' | grep -qx "$3"; then
		return 0
	fi
	apt_main_entry "$2" "$3" >"$1/lent" || return
	if grep -q '^Types:' "$1/lent"; then
		mv "$1/lent" "$1/sources.list.d/skep-lent.sources"
	else
		mv "$1/lent" "$1/sources.list.d/skep-lent.list"
	fi
}

apt_update()
{
	apt-get "${APT_OPTIONS[@]}" -qq update
}
