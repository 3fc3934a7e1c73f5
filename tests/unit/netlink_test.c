// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, and work inside network namespaces. Those made here die with their child. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

static bool has(const struct ip_addr *list, size_t count, const char *text)
{
	struct ip_addr want;

	assert_int_equal(ip_addr_parse(text, &want, NULL), 0);
	for (size_t i = 0; i < count; i++)
		if (!ip_addr_compare(&list[i], &want))
			return true;
	return false;
}

static void own_addresses(void **state)
{
	_free_ struct netlink_address *list = NULL;
	size_t count = 0;
	bool lo = false;

	(void)state;
	assert_int_equal(netlink_addresses(&list, &count, NULL), 0);
	for (size_t i = 0; i < count; i++)
		if (ip_addr_is_loopback(&list[i].addr) && list[i].addr.version == 4) {
			assert_string_equal(list[i].interface, "lo");
			assert_int_equal(list[i].bits, 8);
			assert_int_equal(list[i].ifindex, if_nametoindex("lo"));
			lo = true;
		}
	if (!lo)
		skip();
}

static void own_namespace_comes_first(void **state)
{
	_free_ struct netns *list = NULL;
	size_t count = 0;
	struct stat st;
	_close_ int fd = -1;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(netns_list(&list, &count, NULL), 0);
	assert_true(count > 0);
	assert_int_equal(list[0].inode, st.st_ino);
	for (size_t i = 1; i < count; i++)
		assert_int_not_equal(list[i].inode, st.st_ino);
	assert_int_equal(netns_open(&list[0], &fd, NULL), 0);
}

static void another_namespace_behind_the_pid(void **state)
{
	const struct netns wrong = { .inode = 1, .pid = getpid() };
	const struct netns none = { .inode = 1, .pid = 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(netns_open(&wrong, &fd, NULL), -ESTALE);
	assert_int_equal(netns_open(&none, &fd, NULL), -ESTALE);
	assert_int_equal(fd, -1);
}

/* Makes two devices inside, and tells what addresses the kernel gave them (link-local, as is). */
static int with_devices(void *context, struct strbuf *result, struct error *err)
{
	struct stat st;
	int r = netlink_link_add("veth", "one", "two", err);

	(void)context;
	if (r < 0)
		return r;
	if (stat("/proc/self/ns/net", &st) < 0)
		return -errno;
	strbuf_addf(result, "%u %u %llu", if_nametoindex("one"), if_nametoindex("two"),
		    (unsigned long long)st.st_ino);
	return 0;
}

static void a_fresh_namespace(void **state)
{
	_strbuf_ struct strbuf result = {};
	struct error err = {};
	unsigned int one = 0, two = 0;
	unsigned long long inode = 0;
	struct stat st;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(netns_run(NETNS_NEW, with_devices, NULL, &result, &err), 0);
	assert_int_equal(sscanf(strbuf_str(&result), "%u %u %llu", &one, &two, &inode), 3);
	assert_true(one && two && one != two);
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_true(inode && inode != st.st_ino);
	/* This process did not move, and nothing of it is here. */
	assert_int_equal(if_nametoindex("one"), 0);
}

static int fails(void *context, struct strbuf *result, struct error *err)
{
	strbuf_adds(result, "half");
	return error_set(err, -EXDEV, "told %s", (const char *)context);
}

static void errors_come_through(void **state)
{
	_strbuf_ struct strbuf result = {};
	struct error err = {};

	(void)state;
	assert_int_equal(netns_run(NETNS_SELF, fails, (void *)"so", &result, &err), -EXDEV);
	assert_string_equal(err.message, "told so");
	assert_int_equal(result.len, 0);
}

static int dies(void *context, struct strbuf *result, struct error *err)
{
	(void)context;
	(void)result;
	(void)err;
	raise(SIGKILL);
	return 0;
}

static void a_killed_child_is_no_success(void **state)
{
	struct error err = {};

	(void)state;
	assert_int_equal(netns_run(NETNS_SELF, dies, NULL, NULL, &err), -ECHILD);
}

static int much(void *context, struct strbuf *result, struct error *err)
{
	(void)context;
	(void)err;
	for (int i = 0; i < 100000; i++)
		strbuf_adds(result, "0123456789");
	return 0;
}

static void more_than_a_pipe_holds(void **state)
{
	_strbuf_ struct strbuf result = {};

	(void)state;
	assert_int_equal(netns_run(NETNS_SELF, much, NULL, &result, NULL), 0);
	assert_int_equal(result.len, 1000000);
	assert_memory_equal(result.data + 999990, "0123456789", 10);
}

static void addresses_of_a_namespace(void **state)
{
	_free_ struct ip_addr *list = NULL;
	_free_ struct netlink_address *own = NULL;
	char text[IP_ADDR_TEXT];
	size_t count = 0, own_count = 0;
	_close_ int fd = -1;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(netns_open_pid(getpid(), &fd, NULL), 0);
	assert_int_equal(netns_addresses(fd, &list, &count, NULL), 0);
	assert_int_equal(netlink_addresses(&own, &own_count, NULL), 0);
	assert_int_equal(count, own_count);
	for (size_t i = 0; i < own_count; i++)
		assert_true(has(list, count, ip_addr_format(&own[i].addr, text)));
}

static int qdisc_inside(void *context, struct strbuf *result, struct error *err)
{
	int r = with_devices(NULL, result, err);

	return r < 0 ? r : netlink_qdisc_add("one", context, NULL, 0, err);
}

static void qdiscs(void **state)
{
	struct error err = {};

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(netns_run(NETNS_NEW, qdisc_inside, (void *)"pfifo", NULL, &err), 0);
	assert_true(netns_run(NETNS_NEW, qdisc_inside, (void *)"skepless", NULL, &err) < 0);
	assert_true(str_starts(err.message, "skepless: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_addresses),
		cmocka_unit_test(own_namespace_comes_first),
		cmocka_unit_test(another_namespace_behind_the_pid),
		cmocka_unit_test(a_fresh_namespace),
		cmocka_unit_test(errors_come_through),
		cmocka_unit_test(a_killed_child_is_no_success),
		cmocka_unit_test(more_than_a_pipe_holds),
		cmocka_unit_test(addresses_of_a_namespace),
		cmocka_unit_test(qdiscs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
