// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a cgroup path tells by itself. The path is read from its innermost part outwards: the first
 * part that is a container is the answer, the next one outside it is the container around it
 * (docker in docker, kind). A unit counts only where there is no container. Nothing is composed or
 * guessed from a process: the caller gives the kernel's own path.
 *
 * Which parts are containers (64 = 64 lower-case hexadecimal figures):
 *
 *	docker/64  docker-64.scope  actions_job/64  any other parent/64 (--cgroup-parent)	docker
 *	libpod-64(.scope)  libpod-payload-64 (--cgroups=split, quadlet)  libpod_parent/64	podman
 *	crio-64(.scope)  PARENT:crio:64								CRI-O
 *	cri-containerd-64(.scope)  PARENT:cri-containerd:64  pod<uid>/64
 *	default/64  k8s.io/64  NAMESPACE-64.scope (nerdctl)					containerd
 *	lxc/NAME  lxc.payload/NAME  lxc.payload.NAME  machine-lxc\x2dN\x2dNAME.scope (libvirt)	LXC
 *	machine-NAME.scope  systemd-nspawn@NAME.service						nspawn
 *	8-4-4-4-4 hexadecimal figures								garden
 *	skep/NAME-8										skep
 *
 * A monitor (libpod-conmon-64.scope, crio-conmon-64.scope, lxc.monitor.NAME) watches a container
 * from outside: it is none itself. A machine-qemu\x2d… scope is a virtual machine: a unit.
 */
#include "identity/identity.h"

#include "base/str.h"

const char *const runtime_names[RUNTIME_COUNT] = {
	[RUNTIME_NONE] = "",	     [RUNTIME_DOCKER] = "docker",
	[RUNTIME_PODMAN] = "podman", [RUNTIME_CONTAINERD] = "containerd",
	[RUNTIME_CRIO] = "cri-o",    [RUNTIME_LXC] = "lxc",
	[RUNTIME_NSPAWN] = "nspawn", [RUNTIME_GARDEN] = "garden",
	[RUNTIME_SKEP] = "skep",     [RUNTIME_UNIT] = "unit",
};

enum { ID_LEN = 64, CAPSULE_ID_LEN = 8 };

/* A piece of the path; not terminated. */
struct part {
	const char *s;
	size_t len;
};

static bool part_eq(struct part part, const char *text)
{
	return part.len == strlen(text) && !memcmp(part.s, text, part.len);
}

static bool part_skip(struct part *part, const char *prefix)
{
	size_t len = strlen(prefix);

	if (part->len < len || memcmp(part->s, prefix, len) != 0)
		return false;
	part->s += len;
	part->len -= len;
	return true;
}

static bool part_drop(struct part *part, const char *suffix)
{
	size_t len = strlen(suffix);

	if (part->len < len || memcmp(part->s + part->len - len, suffix, len) != 0)
		return false;
	part->len -= len;
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_hex(s[i]))
			return false;
	}
	return len > 0;
}

static bool is_id(struct part part)
{
	return part.len == ID_LEN && all_hex(part.s, part.len);
}

/* Groups of hexadecimal figures with a separator: "8-4-4-4-12" as {8, 4, 4, 4, 12}. */
static bool is_groups(struct part part, const unsigned char *groups, size_t count, char separator)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		if (i) {
			if (at >= part.len || part.s[at] != separator)
				return false;
			at++;
		}
		if (part.len - at < groups[i] || !all_hex(part.s + at, groups[i]))
			return false;
		at += groups[i];
	}
	return at == part.len;
}

/* A name that people gave: no control characters, fits. */
static bool is_name(struct part part)
{
	for (size_t i = 0; i < part.len; i++) {
		if ((unsigned char)part.s[i] <= ' ' || part.s[i] == 0x7f)
			return false;
	}
	return part.len > 0 && part.len < sizeof(((struct cgroup_match *)0)->id);
}

static void name_copy(char *dst, size_t size, struct part part)
{
	size_t len = MIN(part.len, size - 1);

	memcpy(dst, part.s, len);
	dst[len] = '\0';
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* systemd's escapes in a unit's name: "\x2d" is "-". */
static void name_unescape(char *dst, size_t size, struct part part)
{
	size_t n = 0;

	for (size_t i = 0; i < part.len && n + 1 < size; i++) {
		if (part.len - i >= 4 && part.s[i] == '\\' && part.s[i + 1] == 'x' &&
		    is_hex(part.s[i + 2]) && is_hex(part.s[i + 3])) {
			dst[n++] = (char)(hex_value(part.s[i + 2]) << 4 | hex_value(part.s[i + 3]));
			i += 3;
		} else {
			dst[n++] = part.s[i];
		}
	}
	dst[n] = '\0';
}

static bool found(struct cgroup_match *ret, enum runtime runtime, struct part id)
{
	ret->runtime = runtime;
	name_copy(ret->id, sizeof(ret->id), id);
	return true;
}

/* The runtime that puts this word before an id; RUNTIME_NONE for a monitor. */
static enum runtime prefix_runtime(struct part prefix, enum runtime other)
{
	static const struct {
		const char *prefix;
		enum runtime runtime;
	} known[] = {
		{ "docker", RUNTIME_DOCKER },
		{ "libpod", RUNTIME_PODMAN },
		{ "libpod-payload", RUNTIME_PODMAN },
		{ "podman", RUNTIME_PODMAN },
		{ "crio", RUNTIME_CRIO },
		{ "cri-containerd", RUNTIME_CONTAINERD },
		{ "containerd", RUNTIME_CONTAINERD },
		{ "nerdctl", RUNTIME_CONTAINERD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (part_eq(prefix, known[i].prefix))
			return known[i].runtime;
	}
	return part_drop(&prefix, "conmon") ? RUNTIME_NONE : other;
}

/* "PREFIX-64", "PREFIX-64.scope", "PARENT:PREFIX:64". */
static bool match_prefixed(struct part part, struct cgroup_match *ret)
{
	struct part prefix = part, id;
	enum runtime runtime;
	bool scope = part_drop(&prefix, ".scope");
	char separator;

	if (prefix.len < ID_LEN + 2)
		return false;
	prefix.len -= ID_LEN;
	id = (struct part){ prefix.s + prefix.len, ID_LEN };
	separator = prefix.s[--prefix.len];
	if (!is_id(id) || (separator != '-' && separator != ':'))
		return false;
	if (separator == ':') {
		/* The slice stands before it where the runtime took systemd's form for a path. */
		const char *colon = memrchr(prefix.s, ':', prefix.len);

		if (!colon)
			return false;
		prefix.len -= (size_t)(colon + 1 - prefix.s);
		prefix.s = colon + 1;
	}
	runtime = prefix_runtime(prefix, scope ? RUNTIME_CONTAINERD : RUNTIME_NONE);
	return runtime != RUNTIME_NONE && found(ret, runtime, id);
}

/* A bare id: its parent tells whose it is. */
static bool match_bare(struct part part, struct part parent, bool outer, struct cgroup_match *ret)
{
	struct part word = parent;

	if (!is_id(part))
		return false;
	if (part_eq(parent, "libpod_parent") || part_skip(&word, "libpod-conmon-"))
		/* Around a container of podman's this is the pod, and no container. */
		return !outer && found(ret, RUNTIME_PODMAN, part);
	if (part_skip(&word, "pod") || part_eq(parent, "default") || part_eq(parent, "k8s.io"))
		return found(ret, RUNTIME_CONTAINERD, part);
	return found(ret, RUNTIME_DOCKER, part);
}

/* "lxc-1234-name" or "qemu-5-name": how libvirt calls its machines. */
static bool libvirt_name(const char *machine, const char *driver, struct part *ret)
{
	struct part rest = { machine, strlen(machine) };
	size_t digits = 0;

	if (!part_skip(&rest, driver))
		return false;
	while (digits < rest.len && rest.s[digits] >= '0' && rest.s[digits] <= '9')
		digits++;
	if (!digits || digits + 1 >= rest.len || rest.s[digits] != '-')
		return false;
	*ret = (struct part){ rest.s + digits + 1, rest.len - digits - 1 };
	return true;
}

static bool match_machine(struct part part, struct cgroup_match *ret)
{
	char machine[sizeof(ret->id)];
	struct part name = part;

	if (!(part_skip(&name, "machine-") && part_drop(&name, ".scope"))) {
		name = part;
		if (!(part_skip(&name, "systemd-nspawn@") && part_drop(&name, ".service")))
			return false;
	}
	if (!is_name(name))
		return false;
	name_unescape(machine, sizeof(machine), name);
	name = (struct part){ machine, strlen(machine) };
	if (!is_name(name) || libvirt_name(machine, "qemu-", &(struct part){}))
		return false;
	if (libvirt_name(machine, "lxc-", &name))
		return found(ret, RUNTIME_LXC, name);
	return found(ret, RUNTIME_NSPAWN, name);
}

static bool match_named(struct part part, struct part parent, struct cgroup_match *ret)
{
	static const unsigned char garden[] = { 8, 4, 4, 4, 4 };
	struct part name = part;

	if (!is_name(part))
		return false;
	if (part_eq(parent, "lxc") || part_eq(parent, "lxc.payload"))
		return found(ret, RUNTIME_LXC, part);
	if (part_skip(&name, "lxc.payload.") && name.len)
		return found(ret, RUNTIME_LXC, name);
	if (is_groups(part, garden, sizeof(garden), '-'))
		return found(ret, RUNTIME_GARDEN, part);
	if (part_eq(parent, "skep") && part.len > CAPSULE_ID_LEN + 1 &&
	    part.s[part.len - CAPSULE_ID_LEN - 1] == '-' &&
	    all_hex(part.s + part.len - CAPSULE_ID_LEN, CAPSULE_ID_LEN))
		return found(ret, RUNTIME_SKEP, part);
	return false;
}

/*
 * "pod<uid>", "kubepods-burstable-pod<uid>.slice" (with _ for -), also in front of ":cri-containerd:".
 * A pod from a file on the node has a uid of 32 figures without dashes.
 */
static bool match_pod(struct part part, char ret_uid[static 40])
{
	static const unsigned char uid_groups[] = { 8, 4, 4, 4, 12 };
	const char *colon = memchr(part.s, ':', part.len), *dash;
	struct part uid = part;

	if (colon)
		uid.len = (size_t)(colon - part.s);
	part_drop(&uid, ".slice");
	if (!part_skip(&uid, "pod")) {
		/* From its end: a uid in the systemd form has no dash. */
		dash = memrchr(uid.s, '-', uid.len);
		if (!dash)
			return false;
		uid.len -= (size_t)(dash + 1 - uid.s);
		uid.s = dash + 1;
		if (!part_skip(&uid, "pod"))
			return false;
	}
	if (!is_groups(uid, uid_groups, sizeof(uid_groups), '-') &&
	    !is_groups(uid, uid_groups, sizeof(uid_groups), '_') &&
	    !(uid.len == 32 && all_hex(uid.s, uid.len)))
		return false;
	name_copy(ret_uid, 40, uid);
	for (char *c = ret_uid; *c; c++)
		*c = *c == '_' ? '-' : *c;
	return true;
}

static bool match_unit(struct part part, struct cgroup_match *ret)
{
	static const char *const types[] = { ".service", ".scope", ".slice",
					     ".socket",	 ".mount", ".swap" };

	if (!is_name(part))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct part name = part;

		if (part_drop(&name, types[i]) && name.len)
			return found(ret, RUNTIME_UNIT, part);
	}
	return false;
}

/* Cuts the last part off: *path becomes what is before it. Empty parts ("//") are passed over. */
static struct part part_last(struct part *path)
{
	struct part last;
	const char *slash;

	while (path->len && path->s[path->len - 1] == '/')
		path->len--;
	slash = memrchr(path->s, '/', path->len);
	last.s = slash ? slash + 1 : path->s;
	last.len = path->len - (size_t)(last.s - path->s);
	path->len -= last.len;
	return last;
}

bool cgroup_path_match(const char *path, struct cgroup_match *ret)
{
	struct part rest = { path, strlen(path) }, part, before;
	struct cgroup_match match = {}, unit = {};

	while (part = part_last(&rest), part.len) {
		struct cgroup_match here = {};

		before = rest;
		if (match_prefixed(part, &here) ||
		    match_bare(part, part_last(&before), match.id[0], &here) ||
		    match_machine(part, &here) ||
		    match_named(part, part_last(&(struct part){ rest.s, rest.len }), &here)) {
			if (match.id[0]) {
				memcpy(match.outer_id, here.id, sizeof(match.outer_id));
				break;
			}
			match = here;
		} else if (!match.id[0] && !unit.id[0]) {
			match_unit(part, &unit);
		}
		/* The pod of the container that was found, not one further out. */
		if (match.id[0] && !match.pod_uid[0])
			match_pod(part, match.pod_uid);
	}
	if (!match.id[0] && !unit.id[0])
		return false;
	*ret = match.id[0] ? match : unit;
	return true;
}
