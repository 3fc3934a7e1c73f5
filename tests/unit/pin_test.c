// SPDX-License-Identifier: GPL-2.0-or-later
/* In a mount namespace of its own, with a bpffs and a /run of its own: the host's are not touched. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cmocka.h>

#include "kernel/pin.h"

static int make_map(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "pin_test", 4, 8, 1, NULL);

	assert_true(fd >= 0);
	return fd;
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void mounted_once(void **state)
{
	bool mounted = false;
	struct stat st;

	(void)state;
	assert_int_equal(pin_bpffs(&mounted, NULL), 0);
	assert_true(mounted);
	assert_int_equal(stat(PIN_BPFFS, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(pin_bpffs(&mounted, NULL), 0);
	assert_false(mounted);
}

static void pinned_found_and_taken_back(void **state)
{
	CLEANUP(pin_dir_cleanup) struct pin_dir *dir = NULL;
	_close_ int map = make_map(), again = -1;
	uint32_t key = 0;
	uint64_t value = 4711, seen = 0;
	struct stat st;

	(void)state;
	assert_int_equal(pin_dir_open("test", "one", &dir, NULL), 0);
	assert_int_equal(stat(PIN_ROOT "/test/one", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(pin_add(dir, "map", "m", map, NULL), 0);
	assert_true(there(PIN_ROOT "/test/one/map_m"));
	assert_int_equal(pin_add(dir, "map", "m", map, NULL), -EEXIST);
	assert_int_equal(bpf_map_update_elem(map, &key, &value, 0), 0);
	assert_int_equal(pin_get(dir, "map", "m", &again, NULL), 0);
	assert_int_equal(bpf_map_lookup_elem(again, &key, &seen), 0);
	assert_int_equal(seen, 4711);
	/* A folder that is not empty stays, and that is no error. */
	assert_int_equal(pin_dir_remove(dir, NULL), 0);
	assert_true(there(PIN_ROOT "/test/one/map_m"));
	assert_int_equal(pin_remove(dir, "map", "m", NULL), 0);
	assert_int_equal(pin_remove(dir, "map", "m", NULL), 0);
	assert_int_equal(pin_get(dir, "map", "m", &again, NULL), -ENOENT);
	assert_int_equal(pin_dir_remove(dir, NULL), 0);
	assert_false(there(PIN_ROOT));
}

static void what_others_have_stays(void **state)
{
	CLEANUP(pin_dir_cleanup) struct pin_dir *one = NULL, *two = NULL;

	(void)state;
	assert_int_equal(pin_dir_open("test", "one", &one, NULL), 0);
	assert_int_equal(pin_dir_open("test", "two", &two, NULL), 0);
	assert_int_equal(pin_dir_remove(one, NULL), 0);
	assert_false(there(PIN_ROOT "/test/one"));
	assert_true(there(PIN_ROOT "/test/two"));
	assert_int_equal(pin_dir_remove(two, NULL), 0);
	assert_false(there(PIN_ROOT));
}

static void names_that_lead_elsewhere(void **state)
{
	static const char *const bad[] = { "", "..", ".x", "a/b", "a b", "\xff" };
	struct pin_dir *dir = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(pin_dir_open("test", bad[i], &dir, NULL), -EINVAL);
		assert_int_equal(pin_dir_open(bad[i], "one", &dir, NULL), -EINVAL);
	}
	assert_false(there(PIN_ROOT));
	assert_int_equal(pin_dir_open("test", "one", &dir, NULL), 0);
	assert_int_equal(pin_add(dir, "map", "../../x", 0, NULL), -EINVAL);
	assert_int_equal(pin_dir_remove(dir, NULL), 0);
	pin_dir_close(dir);
}

/* Someone's ordinary file system over our folder. */
static void not_a_bpffs(void **state)
{
	struct pin_dir *dir = NULL;
	struct error err = {};

	(void)state;
	assert_int_equal(mkdir(PIN_ROOT, 0700), 0);
	assert_int_equal(mount("tmpfs", PIN_ROOT, "tmpfs", 0, NULL), 0);
	assert_int_equal(pin_dir_open("test", "one", &dir, &err), -EXDEV);
	assert_int_equal(umount(PIN_ROOT), 0);
	assert_int_equal(rmdir(PIN_ROOT), 0);
}

/* A child that takes the lock, says so, and keeps it until it is killed or its time is over. */
static pid_t holder(int seconds)
{
	int fds[2], fd = -1;
	char c;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (pin_lock(&fd, NULL) == 0 && write(fds[1], "x", 1) == 1)
			sleep((unsigned int)seconds);
		_exit(0);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void lock_is_waited_for(void **state)
{
	pid_t pid = holder(1);
	_close_ int fd = -1;

	(void)state;
	assert_int_equal(pin_lock(&fd, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), pid);
}

static void lock_says_who_holds_it(void **state)
{
	pid_t pid = holder(60);
	struct error err = {};
	char who[32];
	int fd = -1;

	(void)state;
	assert_int_equal(pin_lock(&fd, &err), -EBUSY);
	assert_int_equal(fd, -1);
	snprintf(who, sizeof(who), "process %d (unit_pin)", (int)pid);
	assert_non_null(strstr(err.message, who));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(pin_lock(&fd, &err), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounted_once),
		cmocka_unit_test(pinned_found_and_taken_back),
		cmocka_unit_test(what_others_have_stays),
		cmocka_unit_test(names_that_lead_elsewhere),
		cmocka_unit_test(not_a_bpffs),
		cmocka_unit_test(lock_is_waited_for),
		cmocka_unit_test(lock_says_who_holds_it),
	};

	if (geteuid()) {
		printf("1..0 # SKIP missing root\n");
		return 0;
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", PIN_BPFFS, "tmpfs", 0, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
		printf("1..0 # SKIP missing a mount namespace\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
