// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/magic.h>

#include "base/util.h"
#include "kernel/cgroup.h"

static struct cgroup_mounts mounts;

static void parse(const char *mountinfo, const char *cgroup)
{
	struct error err = {};

	assert_int_equal(cgroup_mounts_parse(mountinfo, cgroup, &mounts, &err), 0);
}

/* Fedora, Debian 12, Ubuntu 24.04 */
static void unified(void **state)
{
	(void)state;
	parse("23 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
	      "29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
	      "30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n",
	      "0::/user.slice/user-0.slice/session-1.scope\n");
	assert_int_equal(mounts.mode, CGROUP_UNIFIED);
	assert_string_equal(mounts.v2, "/sys/fs/cgroup");
	assert_true(mounts.v2_whole);
	assert_int_equal(mounts.v1_count, 0);
	assert_null(cgroup_v1_find(&mounts, "memory"));
}

/* systemd's hybrid layout, as on Debian 10 and Ubuntu 20.04 */
static void hybrid(void **state)
{
	const struct cgroup_v1 *v1;

	(void)state;
	parse("28 22 0:24 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755\n"
	      "29 28 0:25 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw\n"
	      "30 28 0:26 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd\n"
	      "34 28 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
	      "36 28 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:17 - cgroup cgroup rw,memory\n",
	      "12:pids:/\n7:memory:/user.slice\n3:cpu,cpuacct:/\n1:name=systemd:/init.scope\n0::/init.scope\n");
	assert_int_equal(mounts.mode, CGROUP_HYBRID);
	assert_string_equal(mounts.v2, "/sys/fs/cgroup/unified");
	assert_int_equal(mounts.v1_count, 4);
	v1 = cgroup_v1_find(&mounts, "cpuacct");
	assert_int_equal(v1->id, 3);
	assert_string_equal(v1->path, "/sys/fs/cgroup/cpu,cpuacct");
	v1 = cgroup_v1_find(&mounts, "name=systemd");
	assert_int_equal(v1->id, 1);
	assert_string_equal(v1->path, "/sys/fs/cgroup/systemd");
	v1 = cgroup_v1_find(&mounts, "pids"); /* there, mounted nowhere */
	assert_int_equal(v1->id, 12);
	assert_string_equal(v1->path, "");
	assert_null(cgroup_v1_find(&mounts, "cpu,cpuacct"));
	assert_null(cgroup_v1_find(&mounts, "cpuset"));
}

static void v1(void **state)
{
	(void)state;
	parse("33 26 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
	      "34 26 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
	      "2:memory:/\n1:name=systemd:/\n");
	assert_int_equal(mounts.mode, CGROUP_V1);
	assert_string_equal(mounts.v2, "");
	assert_string_equal(cgroup_v1_find(&mounts, "memory")->path, "/sys/fs/cgroup/memory");
}

/* A named hierarchy beside v2 is no controller: still unified. */
static void named_hierarchy_is_not_hybrid(void **state)
{
	(void)state;
	parse("33 26 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
	      "34 26 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	      "1:name=systemd:/\n0::/\n");
	assert_int_equal(mounts.mode, CGROUP_UNIFIED);
}

/* In a container that shows parts of the host's trees; the whole one comes later. */
static void whole_before_part(void **state)
{
	(void)state;
	parse("1 0 0:9 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	      "2 0 0:8 /docker/abc /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	      "3 0 0:9 / /host/cgroup/memory rw - cgroup cgroup rw,memory\n"
	      "4 0 0:8 / /host/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	      "5 0 0:8 / /second rw - cgroup2 cgroup2 rw\n",
	      "4:memory:/\n0::/\n");
	assert_string_equal(mounts.v2, "/host/cgroup/unified");
	assert_true(mounts.v2_whole);
	assert_string_equal(cgroup_v1_find(&mounts, "memory")->path, "/host/cgroup/memory");
	parse("2 0 0:8 /docker/abc /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n", "0::/\n");
	assert_string_equal(mounts.v2, "/sys/fs/cgroup/unified");
	assert_false(mounts.v2_whole);
}

static void hostile_text(void **state)
{
	char longest[2048];

	(void)state;
	parse("2 0 0:8 / /a\\040b\\134c rw - cgroup2 cgroup2 rw\n", "0::/\n");
	assert_string_equal(mounts.v2, "/a b\\c");
	parse("", "");
	assert_int_equal(mounts.mode, CGROUP_NONE);
	parse("x\n - \n1 2 3 4 5 6 - \n1 2 3 4 5 6 - cgroup2\n\\\n - cgroup2 a b\n",
	      ":\n::\nx:y:z\n99999999999:memory:/\n-1:a:b\n5:\n6::\n");
	assert_int_equal(mounts.mode, CGROUP_NONE);
	assert_int_equal(mounts.v1_count, 0);
	/* Longer than a path may be: left out, not cut. */
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "1 2 3 / /", 9);
	memcpy(longest + sizeof(longest) - 28, " rw - cgroup2 cgroup2 rw\n\0\0\0", 28);
	parse(longest, "0::/\n");
	assert_string_equal(mounts.v2, "");
	for (int i = 0; i < 40; i++)
		snprintf(longest + (size_t)i * 10, 11, "%03d:c%02d:/\n", i + 1, i);
	parse("", longest);
	assert_int_equal(mounts.v1_count, CGROUP_V1_MAX);
}

static void of_this_host(void **state)
{
	struct error err = {};
	struct statfs fs;
	int fd = -1;

	(void)state;
	assert_int_equal(cgroup_mounts(&mounts, &err), 0);
	if (*mounts.v2) {
		assert_int_equal(statfs(mounts.v2, &fs), 0);
		assert_int_equal(fs.f_type, CGROUP2_SUPER_MAGIC);
	}
	for (size_t i = 0; i < mounts.v1_count; i++) {
		if (!*mounts.v1[i].path)
			continue;
		assert_int_equal(statfs(mounts.v1[i].path, &fs), 0);
		assert_int_equal(fs.f_type, CGROUP_SUPER_MAGIC);
	}
	if (geteuid() && !*mounts.v2)
		skip();
	assert_int_equal(cgroup_root_open(&fd, &err), 0);
	assert_int_equal(fstatfs(fd, &fs), 0);
	assert_int_equal(fs.f_type, CGROUP2_SUPER_MAGIC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unified),
		cmocka_unit_test(hybrid),
		cmocka_unit_test(v1),
		cmocka_unit_test(named_hierarchy_is_not_hybrid),
		cmocka_unit_test(whole_before_part),
		cmocka_unit_test(hostile_text),
		cmocka_unit_test(of_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
