# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A dockerd of the test's own, with everything in a temporary folder and no bridge: containers have
# --network none or host, and get a veth from the test. Source it after lib.sh.
#
#	docker_start			starts it, or skips the whole test; all ends with the test
#	docker_image NAME FILE...	an image of busybox and these programs with their libraries
#	docker_ CMD...			the client
#	docker_pid CONTAINER		its first process, as this host numbers it
#	docker_link A ADDRESS B ADDRESS	a veth between two running containers of --network none

need_root
need_program dockerd docker containerd runc busybox

DOCKER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/skep-docker.XXXXXX")

docker_()
{
	docker --host "unix://$DOCKER_DIR/socket" "$@"
}

# The folders that dockerd makes in every cgroup hierarchy and leaves there.
docker_cgroups()
{
	find /sys/fs/cgroup -mindepth 1 -maxdepth 2 -type d -name docker 2>/dev/null | sort
}

docker_start()
{
	docker_cgroups >"$DOCKER_DIR/cgroups"
	at_exit docker_clean
	spawn dockerd --bridge=none --iptables=false --ip6tables=false \
		--data-root "$DOCKER_DIR/data" --exec-root "$DOCKER_DIR/exec" \
		--pidfile "$DOCKER_DIR/pid" --host "unix://$DOCKER_DIR/socket" \
		--exec-opt native.cgroupdriver=cgroupfs >"$DOCKER_DIR/log" 2>&1
	at_exit docker_stop
	if ! wait_for -t 60 docker_ version; then
		tap_note "$(tail -n 5 "$DOCKER_DIR/log")"
		tap_fail "dockerd starts"
		exit 1
	fi
}

# A dockerd that ends in time, and with it its containerd, is one without containers.
# shellcheck disable=SC2317 # registered with at_exit
docker_stop()
{
	docker_ ps -aq | xargs -r docker --host "unix://$DOCKER_DIR/socket" rm -f
}

# shellcheck disable=SC2317 # registered with at_exit; dockerd itself has ended before
docker_clean()
{
	local dir
	grep -o " ${DOCKER_DIR}[^ ]*" /proc/self/mounts | sort -r | while read -r dir; do
		umount -l "$dir"
	done
	docker_cgroups | grep -vxFf "$DOCKER_DIR/cgroups" | while read -r dir; do
		find "$dir" -depth -type d -exec rmdir {} +
	done
	rm -rf "$DOCKER_DIR"
}

docker_image()
{
	local name=$1 root=$DOCKER_DIR/image program library applet
	shift
	mkdir -p "$root/bin" "$root/tmp" "$root/etc"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in sh sleep nc wget httpd cat; do
		ln -sf busybox "$root/bin/$applet"
	done
	echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
	for program; do
		cp -L "$program" "$root/bin/"
		for library in $(ldd "$program" | grep -o '/[^ ]*'); do
			mkdir -p "$root${library%/*}"
			cp -L "$library" "$root$library"
		done
	done
	tar -C "$root" -c . | docker_ import - "$name" >/dev/null
	rm -rf "$root"
}

docker_pid()
{
	docker_ inspect --format '{{.State.Pid}}' "$1"
}

docker_link()
{
	local a b
	a=$(docker_pid "$1") && b=$(docker_pid "$3") || return
	ip link add "skd$$a" type veth peer name "skd$$b" &&
		ip link set "skd$$a" netns "$a" && ip link set "skd$$b" netns "$b" || return
	docker_link_up "$a" "skd$$a" "$2" && docker_link_up "$b" "skd$$b" "$4"
}

docker_link_up()
{
	local name
	name=eth$(nsenter -t "$1" -n ip -o link | grep -c ' eth')
	nsenter -t "$1" -n ip link set lo up &&
		nsenter -t "$1" -n ip link set "$2" name "$name" &&
		nsenter -t "$1" -n ip address add "$3" dev "$name" &&
		nsenter -t "$1" -n ip link set "$name" up
}
