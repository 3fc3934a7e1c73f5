// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"

static struct ip_addr addr(const char *text)
{
	struct ip_addr a = {};

	assert_int_equal(ip_addr_parse(text, &a, NULL), 0);
	return a;
}

static void check_text(const char *text, unsigned int version, const char *shown)
{
	struct ip_addr a = addr(text);
	char buf[IP_ADDR_TEXT];

	assert_int_equal(a.version, version);
	assert_string_equal(ip_addr_format(&a, buf), shown);
}

static void test_text(void **state)
{
	const struct ip_addr none = {};
	char buf[IP_ADDR_TEXT];

	(void)state;
	check_text("10.0.0.1", 4, "10.0.0.1");
	check_text("255.255.255.255", 4, "255.255.255.255");
	check_text("::1", 6, "::1");
	check_text("2001:DB8:0:0:1:0:0:1", 6, "2001:db8::1:0:0:1");
	check_text("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6,
		   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	/* v4-mapped is shown as the IPv4 address that it is */
	check_text("::ffff:192.0.2.7", 4, "192.0.2.7");
	assert_string_equal(ip_addr_format(&none, buf), "*");
}

static void test_refused(void **state)
{
	static const char *const texts[] = { "",	  "10.0.0",	"10.0.0.256", "10.0.0.1 ",
					     "10.0.0.01", "0x7f.0.0.1", "localhost",  ":::",
					     "1::2::3",	  "fe80::1%lo", "::g" };
	struct ip_addr a = { .version = 77 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		err = (struct error){};
		assert_int_equal(ip_addr_parse(texts[i], &a, &err), -EINVAL);
		assert_non_null(strstr(err.message, ": not an IP address"));
		assert_int_equal(a.version, 77);
	}
}

static void test_from_bytes(void **state)
{
	static const uint8_t v4[4] = { 192, 0, 2, 7 };
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 7 };
	struct ip_addr a = ip_addr_from_v4(v4), b = ip_addr_from_v6(mapped);

	(void)state;
	assert_int_equal(a.version, 4);
	assert_int_equal(b.version, 4);
	assert_int_equal(ip_addr_compare(&a, &b), 0);
}

static void check_prefix(const char *prefix, const char *text, bool has)
{
	struct ip_addr a = addr(text);
	struct ip_prefix p = {};

	assert_int_equal(ip_prefix_parse(prefix, &p, NULL), 0);
	if (ip_prefix_has(&p, &a) != has)
		print_message("%s has %s\n", prefix, text);
	assert_int_equal(ip_prefix_has(&p, &a), has);
}

static void test_prefix(void **state)
{
	struct ip_prefix p = {};
	struct ip_addr none = {};

	(void)state;
	check_prefix("10.0.0.0/8", "10.255.255.255", true);
	check_prefix("10.0.0.0/8", "11.0.0.0", false);
	check_prefix("10.0.0.0/8", "9.255.255.255", false);
	check_prefix("10.1.2.0/23", "10.1.3.255", true);
	check_prefix("10.1.2.0/23", "10.1.4.0", false);
	check_prefix("10.1.2.3", "10.1.2.3", true);
	check_prefix("10.1.2.3", "10.1.2.2", false);
	check_prefix("10.1.2.3/32", "10.1.2.3", true);
	check_prefix("0.0.0.0/0", "1.2.3.4", true);
	check_prefix("0.0.0.0/0", "::1", false);
	check_prefix("::/0", "::1", true);
	check_prefix("::/0", "1.2.3.4", false);
	check_prefix("fd00::/8", "fdff::1", true);
	check_prefix("fd00::/8", "fe00::1", false);
	check_prefix("fe80::/10", "febf::1", true);
	check_prefix("fe80::/10", "fec0::1", false);
	check_prefix("2001:db8::1/128", "2001:db8::1", true);
	check_prefix("2001:db8::/127", "2001:db8::1", true);
	check_prefix("2001:db8::/127", "2001:db8::2", false);
	check_prefix("::ffff:10.0.0.0/104", "10.9.9.9", true);
	assert_int_equal(ip_prefix_parse("0.0.0.0/0", &p, NULL), 0);
	assert_int_equal(p.bits, 96);
	assert_false(ip_prefix_has(&p, &none));
}

static void test_prefix_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *message;
	} cases[] = {
		{ "10.0.0.1/8", -EINVAL, "10.0.0.1/8: bits are set behind the prefix" },
		{ "10.0.0.0/33", -ERANGE, "10.0.0.0/33: 33: not between 0 and 32" },
		{ "fd00::/129", -ERANGE, "fd00::/129: 129: not between 0 and 128" },
		{ "10.0.0.0/", -EINVAL, "10.0.0.0/: : not a number" },
		{ "10.0.0.0/-1", -EINVAL, "10.0.0.0/-1: -1: not a number" },
		{ "10.0.0.0/8/8", -EINVAL, "10.0.0.0/8/8: 8/8: not a number" },
		{ "/8", -EINVAL, "/8: not an IP address or prefix" },
		{ "", -EINVAL, ": not an IP address or prefix" },
		{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8", -EINVAL,
		  "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/8: not an IP address or "
		  "prefix" },
		/* host bits in front of the mapped part */
		{ "::ffff:0:0/90", -EINVAL, "::ffff:0:0/90: bits are set behind the prefix" },
	};
	struct ip_prefix p = { .bits = 77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = {};

		assert_int_equal(ip_prefix_parse(cases[i].text, &p, &err), cases[i].code);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(p.bits, 77);
		assert_int_equal(ip_prefix_parse(cases[i].text, &p, NULL), cases[i].code);
	}
}

static void test_kinds(void **state)
{
	struct ip_addr a;

	(void)state;
	a = addr("0.0.0.0");
	assert_true(ip_addr_is_any(&a));
	a = addr("::");
	assert_true(ip_addr_is_any(&a));
	a = addr("0.0.0.1");
	assert_false(ip_addr_is_any(&a));
	a = addr("127.8.9.1");
	assert_true(ip_addr_is_loopback(&a));
	a = addr("::1");
	assert_true(ip_addr_is_loopback(&a));
	a = addr("128.0.0.1");
	assert_false(ip_addr_is_loopback(&a));
	a = addr("7f00::1");
	assert_false(ip_addr_is_loopback(&a));
}

static void test_order(void **state)
{
	static const char *const sorted[] = { "::1", "9.0.0.1", "10.0.0.1", "10.0.0.2", "2001::" };

	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_SIZE(sorted); i++) {
		struct ip_addr a = addr(sorted[i]), b = addr(sorted[i + 1]);

		assert_true(ip_addr_compare(&a, &b) < 0);
		assert_true(ip_addr_compare(&b, &a) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_from_bytes),     cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_refused), cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
