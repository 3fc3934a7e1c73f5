// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroups, containers, users, processes and targets, on the sample host in data/root. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/str.h"
#include "identity/internal.h"

#define POD_SLICE                                           \
	"unified/kubepods.slice/kubepods-besteffort.slice/" \
	"kubepods-besteffort-pod91a8fc3a_0ecf_48b4_81"      \
	"bf_78a7275d348c.slice"

enum { HIERARCHY_MEMORY = 4, HIERARCHY_PIDS = 8 };

static char id_a1[65], id_c1[65], id_c2[65], id_e1[65], id_f1[65], id_00[65];

static void id_make(char id[static 65], const char *pair)
{
	for (size_t i = 0; i < 64; i++)
		id[i] = pair[i % 2];
	id[64] = '\0';
}

/* The number of a folder of the sample tree, as the kernel would tell it. */
static uint64_t inode(const char *fmt, ...) PRINTF_LIKE(1, 2);
static uint64_t inode(const char *fmt, ...)
{
	_strbuf_ struct strbuf path = {};
	struct stat st;
	va_list ap;

	strbuf_adds(&path, TEST_DATA "/root/sys/fs/cgroup/");
	va_start(ap, fmt);
	strbuf_vaddf(&path, fmt, ap);
	va_end(ap);
	if (stat(strbuf_str(&path), &st))
		fail_msg("%s: %s", strbuf_str(&path), strerror(errno));
	return st.st_ino;
}

static const struct container *by_v2(struct identity *identity, uint64_t id)
{
	const struct cgroup_ids ids = { .v2 = id };

	return identity_container(identity, &ids);
}

static const struct container *by_v1(struct identity *identity, uint64_t id)
{
	const struct cgroup_ids ids = { .v1 = id };

	return identity_container(identity, &ids);
}

static int setup(void **state)
{
	struct identity *identity = NULL;
	struct error err = {};

	id_make(id_a1, "a1");
	id_make(id_c1, "c1");
	id_make(id_c2, "c2");
	id_make(id_e1, "e1");
	id_make(id_f1, "f1");
	id_make(id_00, "00");
	identity_root_set(TEST_DATA "/root");
	if (identity_open(NULL, &identity, &err))
		fail_msg("%s", err.message);
	*state = identity;
	return 0;
}

static int teardown(void **state)
{
	identity_free(*state);
	return 0;
}

static void test_containers(void **state)
{
	struct identity *identity = *state;
	const struct container *web = by_v1(identity, inode("memory/docker/%s", id_a1)), *other;

	assert_non_null(web);
	assert_string_equal(web->name, "web");
	assert_string_equal(web->id, id_a1);
	assert_string_equal(web->image, "nginx:1.25");
	assert_true(web->named);
	assert_false(web->ended);
	assert_int_equal(web->runtime, RUNTIME_DOCKER);
	/* The same container in another hierarchy, and in a group below. */
	assert_ptr_equal(
		web, by_v1(identity, CGROUP_V1_ID(HIERARCHY_PIDS, inode("pids/docker/%s", id_a1))));
	assert_ptr_equal(web, by_v1(identity, inode("memory/docker/%s/inner", id_a1)));
	other = by_v2(identity, inode(POD_SLICE "/cri-containerd-%s.scope", id_c1));
	assert_non_null(other);
	assert_string_equal(other->name, "api");
	assert_string_equal(other->pod, "shop-7d4b");
	assert_string_equal(other->namespace, "store");
	assert_string_equal(other->pod_uid, "91a8fc3a-0ecf-48b4-81bf-78a7275d348c");
	other = by_v2(identity, inode("unified/machine.slice/libpod-%s.scope/container", id_e1));
	assert_non_null(other);
	assert_string_equal(other->name, "db");
	other = by_v2(identity, inode("unified/skep/cap-0a1b2c3d"));
	assert_non_null(other);
	assert_string_equal(other->name, "cap");
	assert_string_equal(other->id, "0a1b2c3d");
	assert_int_equal(other->runtime, RUNTIME_SKEP);
}

static void test_nested(void **state)
{
	struct identity *identity = *state;
	const struct container *inner =
		by_v2(identity, inode("unified/docker/%s/docker/%s", id_a1, id_f1));

	assert_non_null(inner);
	assert_string_equal(inner->id, id_f1);
	assert_string_equal(inner->outer, "web");
	/* No file of this host tells of it. */
	assert_false(inner->named);
	assert_int_equal(strlen(inner->name), 12);
}

static void test_units(void **state)
{
	struct identity *identity = *state;
	struct cgroup_ids ids = { .v2 = inode("unified/system.slice/ssh.service") };
	const struct container *unit = identity_container(identity, &ids);

	assert_non_null(unit);
	assert_int_equal(unit->runtime, RUNTIME_UNIT);
	assert_string_equal(unit->name, "ssh.service");
	unit = by_v2(identity, inode("unified/user.slice/user-1000.slice/session-3.scope"));
	assert_non_null(unit);
	assert_string_equal(unit->name, "session-3.scope");
	/* A container wins over a unit, whichever hierarchy names it. */
	ids.v1 = inode("memory/docker/%s", id_a1);
	assert_string_equal(identity_container(identity, &ids)->name, "web");
	assert_string_equal(identity_cgroup_path(identity, &ids) + strlen("/docker/"), id_a1);
	ids.v1 = 0;
	assert_string_equal(identity_cgroup_path(identity, &ids), "/system.slice/ssh.service");
}

static void test_nothing(void **state)
{
	struct identity *identity = *state;
	struct cgroup_ids ids = {};

	assert_null(identity_container(identity, &ids));
	assert_null(identity_cgroup_path(identity, &ids));
	assert_null(by_v2(identity, 1ull << 50));
	assert_null(by_v1(identity, CGROUP_V1_ID(77, inode("memory/docker/%s", id_a1))));
	ids.v2 = inode("unified/plain/group");
	assert_null(identity_container(identity, &ids));
	assert_string_equal(identity_cgroup_path(identity, &ids), "/plain/group");
}

static void test_list(void **state)
{
	struct identity *identity = *state;
	_free_ const struct container **list = NULL;
	size_t count = 0, units = 0, web = 0;

	assert_int_equal(identity_containers(identity, &list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		units += list[i]->runtime == RUNTIME_UNIT;
		web += str_eq(list[i]->id, id_a1);
	}
	assert_int_equal(units, 0);
	assert_int_equal(web, 1);
	assert_int_equal(count, 8);
}

static void tell(struct identity *identity, enum cgroup_event_kind kind, uint32_t hierarchy,
		 uint64_t id, const char *path)
{
	struct cgroup_event event = {
		.id = id,
		.hierarchy = hierarchy,
		.kind = (uint16_t)kind,
		.path_len = (uint16_t)(strlen(path) + 1),
	};

	memcpy(event.path, path, event.path_len);
	cgroup_event(identity, &event, offsetof(struct cgroup_event, path) + event.path_len);
}

static void test_events(void **state)
{
	struct identity *identity = *state;
	_free_ char *path = str_printf("/docker/%s", id_00);
	const struct container *container;

	tell(identity, CGROUP_EVENT_MKDIR, HIERARCHY_MEMORY, 900001, path);
	tell(identity, CGROUP_EVENT_MKDIR, HIERARCHY_PIDS, 900002, path);
	container = by_v1(identity, 900001);
	assert_non_null(container);
	assert_string_equal(container->name, "000000000000");
	assert_false(container->named);
	assert_false(container->ended);
	tell(identity, CGROUP_EVENT_RMDIR, HIERARCHY_MEMORY, 900001, path);
	assert_false(container->ended);
	tell(identity, CGROUP_EVENT_RMDIR, HIERARCHY_PIDS, 900002, path);
	tell(identity, CGROUP_EVENT_RMDIR, HIERARCHY_PIDS, 900002, path);
	assert_true(container->ended);
	/* Ended, and still told by its ids: flows outlive it. */
	assert_ptr_equal(by_v1(identity, 900001), container);
	/* It comes back under another number. */
	tell(identity, CGROUP_EVENT_MKDIR, HIERARCHY_MEMORY, 900003, path);
	assert_ptr_equal(by_v1(identity, 900003), container);
	assert_false(container->ended);
	/* A number that is given again is another cgroup. */
	tell(identity, CGROUP_EVENT_MKDIR, HIERARCHY_MEMORY, 900001, "/lxc/c9");
	assert_string_equal(by_v1(identity, 900001)->name, "c9");
	tell(identity, CGROUP_EVENT_RMDIR, HIERARCHY_MEMORY, 900003, path);
	assert_true(container->ended);
}

static void test_hostile_events(void **state)
{
	struct identity *identity = *state;
	struct cgroup_event event = { .id = 910000, .kind = CGROUP_EVENT_MKDIR, .path = "/lxc/x" };
	size_t head = offsetof(struct cgroup_event, path);
	unsigned int count;

	identity->scan_next_ns = UINT64_MAX; /* no scan: what is known comes from events alone */
	count = HASH_COUNT(identity->cgroups);
	cgroup_event(identity, &event, 0);
	cgroup_event(identity, &event, head - 1);
	cgroup_event(identity, &event, head); /* no path */
	event.path_len = 7;
	cgroup_event(identity, &event, head + 6); /* longer than the record */
	event.path_len = 3;
	cgroup_event(identity, &event, head + 7); /* no end */
	event.path_len = 65535;
	cgroup_event(identity, &event, head + 7);
	event.path_len = 7;
	event.kind = 99;
	cgroup_event(identity, &event, head + 7);
	event.kind = CGROUP_EVENT_RMDIR; /* of one that nobody knows */
	cgroup_event(identity, &event, head + 7);
	assert_int_equal(HASH_COUNT(identity->cgroups), count);
	event.kind = CGROUP_EVENT_MKDIR;
	cgroup_event(identity, &event, head + 7);
	assert_int_equal(HASH_COUNT(identity->cgroups), count + 1);
}

/* What a lost event hid, a scan finds: new ones and ended ones. */
static void test_heal(void **state)
{
	struct identity *identity = *state;
	struct cgroup_entry *ssh =
		cgroup_find(identity, 0, inode("unified/system.slice/ssh.service"));
	uint64_t id = inode("unified/plain/group");

	assert_non_null(ssh);
	cgroup_end(identity, cgroup_find(identity, 0, id));
	tell(identity, CGROUP_EVENT_MKDIR, 0, 920000, "/lxc/gone");
	assert_false(by_v2(identity, 920000)->ended);
	identity->scan_next_ns = 0;
	cgroups_update(identity, true);
	assert_true(by_v2(identity, 920000)->ended);
	assert_false(cgroup_find(identity, 0, id)->ended);
	assert_false(ssh->ended);
}

static void test_bound(void **state)
{
	struct identity *identity = *state;
	const struct container *held, *recent;
	struct cgroup_entry *cgroup;
	char path[64];

	tell(identity, CGROUP_EVENT_MKDIR, 0, 1000000, "/lxc/held");
	tell(identity, CGROUP_EVENT_MKDIR, 0, 1000001, "/lxc/recent");
	held = by_v2(identity, 1000000);
	recent = by_v2(identity, 1000001);
	container_hold(held);
	for (uint64_t i = 0; i < CGROUPS_MAX; i++) {
		snprintf(path, sizeof(path), "/lxc/n%llu", (unsigned long long)i);
		tell(identity, CGROUP_EVENT_MKDIR, 0, 2000000 + i, path);
	}
	/* Live ones are never dropped. */
	assert_true(HASH_COUNT(identity->cgroups) > CGROUPS_MAX);
	for (cgroup = identity->cgroups; cgroup; cgroup = cgroup->hh.next) {
		if (cgroup->key.id < 1000000 || cgroup->key.hierarchy)
			continue;
		cgroup_end(identity, cgroup);
		/* As if long ago. */
		cgroup->ended_ns = 0;
		if (cgroup->key.id != 1000001)
			cgroup->used_ns = 0;
	}
	((struct entry *)held)->used_ns = 0;
	identity->prune_next_ns = 0;
	tell(identity, CGROUP_EVENT_MKDIR, 0, 3000000, "/lxc/last");
	assert_true(HASH_COUNT(identity->cgroups) <= CGROUPS_MAX / 2 + 1);
	assert_string_equal(held->name, "held");
	assert_true(held->ended);
	assert_ptr_equal(by_v2(identity, 1000001), recent);
	assert_non_null(by_v1(identity, inode("memory/docker/%s", id_a1)));
	container_release(held);
}

static void test_users(void **state)
{
	const char *root = identity_user(*state, 0);

	assert_string_equal(root, "root");
	assert_ptr_equal(identity_user(*state, 0), root);
	assert_string_equal(identity_user(*state, 3999999999u), "3999999999");
}

static void test_process(void **state)
{
	struct process process = { .pid = 5 }, again;

	assert_int_equal(identity_process(*state, getpid(), &process), 0);
	assert_int_equal(process.pid, getpid());
	assert_int_equal(process.ppid, getppid());
	assert_int_equal(process.uid, getuid());
	assert_int_equal(process.gid, getgid());
	assert_true(process.start_ns > 0);
	assert_non_null(process.cmdline);
	assert_non_null(strstr(process.cmdline, "identity"));
	assert_non_null(strstr(process.exe, "identity"));
	assert_non_null(process.comm);
	assert_int_equal(identity_process(*state, getpid(), &again), 0);
	assert_ptr_equal(process.cmdline, again.cmdline);
	assert_int_equal(identity_process(*state, INT32_MAX, &again), -ESRCH);
	assert_int_equal(identity_process(*state, -1, &again), -ESRCH);
	assert_int_equal(again.pid, getpid());
}

static void parse_fails(struct identity *identity, const char *text, int code, const char *message)
{
	struct target target = { .kind = TARGET_POD };
	struct error err = {};

	assert_int_equal(target_parse(identity, text, &target, &err), code);
	assert_int_equal(target.kind, TARGET_POD);
	if (!strstr(err.message, message))
		fail_msg("%s: \"%s\" does not say \"%s\"", text, err.message, message);
}

static struct target parsed(struct identity *identity, const char *text, enum target_kind kind,
			    bool bound)
{
	struct target target = {};
	struct error err = {};

	if (target_parse(identity, text, &target, &err))
		fail_msg("%s", err.message);
	if (target.kind != kind || target.bound != bound)
		fail_msg("%s: kind %d, bound %d", text, target.kind, target.bound);
	return target;
}

static void test_targets(void **state)
{
	struct identity *identity = *state;
	const struct cgroup_ids docker = { .v1 = inode("memory/docker/%s", id_a1) };
	const struct cgroup_ids ssh = { .v2 = inode("unified/system.slice/ssh.service") };
	const struct cgroup_ids cap = { .v2 = inode("unified/skep/cap-0a1b2c3d") };
	const struct cgroup_ids pod = { .v2 = inode(POD_SLICE "/cri-containerd-%s.scope", id_c1) };
	const struct cgroup_ids pause = { .v2 = inode(POD_SLICE "/cri-containerd-%s.scope",
						      id_c2) };
	struct target target;

	target = parsed(identity, "db", TARGET_CONTAINER, true);
	assert_false(target_has(identity, &target, &docker, 1));
	target = parsed(identity, "a1a1", TARGET_CONTAINER, true);
	assert_string_equal(target.name, id_a1);
	assert_true(target_has(identity, &target, &docker, 1));
	target = parsed(identity, "container:a1a1a", TARGET_CONTAINER, true);
	assert_true(target_has(identity, &target, &docker, 1));
	assert_false(target_has(identity, &target, &ssh, 1));
	/* The unit web.service and the containers web (docker, LXC) share a name. */
	parse_fails(identity, "web", -ENOTUNIQ,
		    "container:web, container:web (web), unit:web.service");
	target = parsed(identity, "container:web", TARGET_CONTAINER, true);
	assert_true(target_has(identity, &target, &docker, 1));
	target = parsed(identity, "ssh", TARGET_UNIT, true);
	assert_true(target_has(identity, &target, &ssh, 1));
	assert_false(target_has(identity, &target, &docker, 1));
	target = parsed(identity, "unit:ssh.service", TARGET_UNIT, true);
	assert_true(target_has(identity, &target, &ssh, 1));
	parsed(identity, "unit:ss", TARGET_UNIT, false);
	target = parsed(identity, "capsule:cap", TARGET_CAPSULE, true);
	assert_true(target_has(identity, &target, &cap, 1));
	assert_false(target_has(identity, &target, &docker, 1));
	/* All containers of the pod. */
	target = parsed(identity, "shop-7d4b", TARGET_POD, true);
	assert_true(target_has(identity, &target, &pod, 1));
	assert_true(target_has(identity, &target, &pause, 1));
	target = parsed(identity, "pod:store/shop-7d4b", TARGET_POD, true);
	assert_true(target_has(identity, &target, &pod, 1));
	parsed(identity, "pod:default/shop-7d4b", TARGET_POD, false);
	parsed(identity, "container:not-yet", TARGET_CONTAINER, false);
	parse_fails(identity, "not-yet", -ENOENT, "not-yet: no such container");
	parse_fails(identity, "", -EINVAL, "no name");
	parse_fails(identity, "container:", -EINVAL, "no name");
	parse_fails(identity, "pid:x", -EINVAL, "pid: x: not a number");
}

static void test_target_paths(void **state)
{
	struct identity *identity = *state;
	const struct cgroup_ids docker = { .v1 = inode("memory/docker/%s", id_a1) };
	const struct cgroup_ids inner = { .v1 = inode("memory/docker/%s/inner", id_a1) };
	_free_ char *copied = str_printf(TEST_DATA "/root/sys/fs/cgroup/memory/docker/%s", id_a1);
	_free_ char *pid = str_printf("%d", getpid());
	struct target target;

	target = parsed(identity, "/docker", TARGET_CGROUP, true);
	assert_true(target_has(identity, &target, &docker, 1));
	assert_true(target_has(identity, &target, &inner, 1));
	target = parsed(identity, "cgroup:/system.slice/", TARGET_CGROUP, true);
	assert_false(target_has(identity, &target, &docker, 1));
	target = parsed(identity, copied, TARGET_CGROUP, true);
	assert_true(target_has(identity, &target, &docker, 1));
	parsed(identity, "cgroup:/doc", TARGET_CGROUP, false);
	parse_fails(identity, "cgroup:docker", -EINVAL, "not a path");
	parse_fails(identity, "/doc", -ENOENT, "/doc");
	target = parsed(identity, pid, TARGET_PID, true);
	assert_int_equal(target.pid, getpid());
	assert_true(target_has(identity, &target, &docker, getpid()));
	assert_false(target_has(identity, &target, &docker, 1));
	parsed(identity, "pid:2147483647", TARGET_PID, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers),   cmocka_unit_test(test_nested),
		cmocka_unit_test(test_units),	     cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_list),	     cmocka_unit_test(test_users),
		cmocka_unit_test(test_process),	     cmocka_unit_test(test_targets),
		cmocka_unit_test(test_target_paths), cmocka_unit_test(test_events),
		cmocka_unit_test(test_heal),	     cmocka_unit_test(test_hostile_events),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
