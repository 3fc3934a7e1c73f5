// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "record/glob.h"
#include "record/where.h"

struct sample {
	uint32_t pid;
	int32_t nice;
	char comm[8];
	const char *container;
	const char *pod;
	struct ip_addr remote_addr, local_addr, none_addr;
	uint16_t remote_port;
	uint64_t bytes, gap_ns, last;
	uint32_t errors;
	double load;
	bool failed;
	uint8_t proto;
};

static const char *const protos[] = { [6] = "TCP", [17] = "UDP" };

static const struct field fields[] = {
	FIELD(struct sample, pid, "PID", 7, ""),
	FIELD(struct sample, nice, "NICE", 7, ""),
	FIELD(struct sample, comm, "COMM", 7, ""),
	FIELD(struct sample, container, "CONTAINER", 7, ""),
	FIELD(struct sample, pod, "POD", 7, ""),
	FIELD(struct sample, remote_addr, "REMOTE", 7, ""),
	FIELD(struct sample, local_addr, "LOCAL", 7, ""),
	FIELD(struct sample, none_addr, "NONE", 7, ""),
	FIELD(struct sample, remote_port, "PORT", 7, "", .unit = UNIT_PORT),
	FIELD(struct sample, bytes, "BYTES", 7, "", .unit = UNIT_BYTES),
	FIELD(struct sample, gap_ns, "GAP", 7, "", .unit = UNIT_NS),
	FIELD(struct sample, last, "LAST", 7, "", .unit = UNIT_TIME),
	FIELD(struct sample, errors, "ERRORS", 7, "", .flags = FIELD_ZERO_IS_NONE),
	FIELD(struct sample, load, "LOAD", 7, "", .unit = UNIT_PERCENT),
	FIELD(struct sample, failed, "FAILED", 7, ""),
	FIELD(struct sample, proto, "PROTO", 7, "", .names = protos,
	      .names_count = ARRAY_SIZE(protos)),
};
static const struct schema schema = { .name = "sample",
				      .fields = fields,
				      .count = ARRAY_SIZE(fields),
				      .record_size = sizeof(struct sample) };

static struct sample sample(void)
{
	struct sample s = {
		.pid = 4242,
		.nice = -5,
		.comm = "nginx-wo", /* eight bytes: no end */
		.container = "web",
		.remote_port = 8080,
		.bytes = 3 << 20,
		.gap_ns = 250000000,
		.last = 1700000000000000000, /* 2023-11-14T22:13:20Z */
		.load = 12.5,
		.failed = true,
		.proto = 6,
	};

	ip_addr_parse("10.1.2.3", &s.remote_addr, NULL);
	ip_addr_parse("fd00::5", &s.local_addr, NULL);
	return s;
}

static bool match(const char *text)
{
	CLEANUP(where_cleanup) struct where *w = NULL;
	struct sample s = sample();
	struct error err = {};

	if (where_parse(text, &schema, &w, &err))
		fail_msg("%s: %s", text, err.message);
	return where_match(w, &s);
}

static const char *const yes[] = {
	"pid == 4242",
	"pid=4242",
	"pid == 0x1092",
	"pid != 1",
	"pid > 4241",
	"pid >= 4242",
	"pid <= 4242",
	"pid < 4243",
	"pid in 4242",
	"pid in 4000-5000",
	"pid in (1, 2, 4242)",
	"pid in (1-5,4000-4300)",
	"pid not in (1,2)",
	"nice == -5",
	"nice < 0",
	"nice in -10--1",
	"nice in (-5)",
	"comm == nginx-wo",
	"comm == \"nginx-wo\"",
	"comm == 'nginx-wo'",
	"comm != nginx",
	"comm =~ nginx*",
	"comm =~ 'n[a-h]inx-\?\?'",
	"comm !~ apache*",
	"comm in (apache, nginx-wo)",
	"comm > nginx",
	"comm < nginx-wz",
	"container == web",
	"container",
	"!pod",
	"not pod",
	"pod != web",
	"pod == ''",
	"pod !~ '*'",
	"pod not in (a,b)",
	"remote_addr == 10.1.2.3",
	"remote_addr == ::ffff:10.1.2.3",
	"remote_addr != 10.1.2.4",
	"remote_addr in 10.0.0.0/8",
	"remote_addr in (192.168.0.0/16, 10.1.0.0/16)",
	"remote_addr in 10.1.2.3",
	"remote_addr not in fd00::/8",
	"local_addr in fd00::/8",
	"local_addr == fd00::5",
	"local_addr",
	"!none_addr",
	"none_addr != 10.1.2.3",
	"none_addr not in 0.0.0.0/0",
	"remote_port in 8000-8100",
	"remote_port == 8080",
	"bytes > 1M",
	"bytes == 3M",
	"bytes in 2M-4M",
	"bytes >= 3145728",
	"gap_ns == 250ms",
	"gap_ns < 1s",
	"gap_ns in 0.2s-0.3s",
	"gap_ns > 0",
	"last == 2023-11-14T22:13:20Z",
	"last == 2023-11-14T23:13:20+01:00",
	"last > 2023-11-14T22:13:19.999Z",
	"last < 2023-11-14T22:13:20.000000001Z",
	"errors == 0",
	"!errors",
	"errors < 1",
	"load > 12",
	"load == 12.5%",
	"load in 12-13",
	"load < 1e3",
	"failed",
	"failed == true",
	"failed == yes",
	"failed != false",
	"failed = 1",
	"proto == TCP",
	"proto == tcp",
	"proto == 6",
	"proto != UDP",
	"proto =~ t*",
	"proto in (udp, tcp)",
	"proto not in (udp, 132)",
	"bytes > 1M && container == web",
	"bytes > 1M and container == web",
	"pid == 1 || pid == 4242",
	"pid == 1 or pid == 4242",
	/* and binds closer than or */
	"pid == 4242 || pid == 1 && comm == x",
	"!(pid == 1)",
	"!(pid == 1 || pid == 2) && !failed == false || pid == 4242",
	"((((pid == 4242))))",
	"!!failed",
	"not not failed",
	"  pid\t==\n4242  ",
	"pid==4242&&failed||pod",
	"comm =~ *&&pid==4242",
};

static const char *const no[] = {
	"pid == 4243",
	"pid != 4242",
	"pid in (1, 2)",
	"pid not in 4000-5000",
	"nice > 0",
	"comm == nginx",
	"comm == nginx-wor",
	"comm =~ nginx",
	"comm !~ nginx*",
	"comm in (nginx, apache)",
	"comm == NGINX-WO",
	"pod",
	"pod == web",
	"pod =~ '*'",
	"pod in (a,b)",
	"none_addr",
	"none_addr == 0.0.0.0",
	"none_addr in ::/0",
	"remote_addr in 192.168.0.0/16",
	"remote_addr in fd00::/8",
	"local_addr in 10.0.0.0/8",
	"bytes > 3M",
	"gap_ns > 250ms",
	"last < 2023-11-14T22:13:20Z",
	"errors",
	"errors > 0",
	"failed == false",
	"failed = no",
	"proto == UDP",
	"proto == 17",
	"proto == 132",
	"proto =~ u*",
	"pid == 4242 && !failed",
	"(pid == 1 || pid == 4242) && pod",
	"!failed || pod",
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!match(yes[i]))
			fail_msg("should match: %s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		if (match(no[i]))
			fail_msg("should not match: %s", no[i]);
	}
	assert_true(where_match(NULL, NULL));
}

static const struct {
	const char *text, *want;
} bad[] = {
	{ "", "column 1: expected a field, not the end" },
	{ "bytes > 1M && contaner == web",
	  "column 15: unknown field contaner; did you mean container?" },
	{ "zzzzzz", "column 1: unknown field zzzzzz; --schema lists the fields" },
	{ "pid == web", "column 8: pid is a number; \"web\" is text" },
	{ "pid == 12x", "column 8: 12x: not a number" },
	{ "pid == -1", "column 8: -1: not a number" },
	{ "pid == 99999999999999999999", "column 8: 99999999999999999999: too large" },
	{ "pid in 5-3", "column 8: 5-3: the range ends before it begins" },
	{ "pid =~ 4*", "column 8: pid is a number; =~ is for text" },
	{ "bytes > lots", "column 9: bytes is a number; \"lots\" is text" },
	{ "bytes > 10Q", "column 9: 10Q: not a size (such as 10M)" },
	{ "gap_ns > 5", "column 10: gap_ns is a time; write a unit (such as 5ms)" },
	{ "gap_ns > 5parsec", "column 10: 5parsec: not a time (such as 250ms)" },
	{ "load > nan", "column 8: load is a number; \"nan\" is text" },
	{ "load > 0x10", "column 8: 0x10: not a number" },
	{ "load > 1e999", "column 8: 1e999: not a number" },
	{ "failed == maybe", "column 11: failed is true or false; maybe is neither" },
	{ "failed > true", "column 10: failed has no order; use == or !=" },
	{ "failed =~ t*", "column 11: failed is true or false; =~ is for text" },
	{ "proto == TPC", "column 10: proto is never TPC; it is one of TCP, UDP" },
	{ "proto < TCP", "column 9: proto has no order; use == or !=" },
	{ "remote_addr == web", "column 16: remote_addr is an IP address; \"web\" is not one" },
	{ "remote_addr == 10.0.0.0/8",
	  "column 16: 10.0.0.0/8 is a prefix; write remote_addr in 10.0.0.0/8" },
	{ "remote_addr in 10.0.0.1/8", "column 16: 10.0.0.1/8: bits are set behind the prefix" },
	{ "remote_addr in 10.0.0.0/33", "column 16: 10.0.0.0/33: 33: not between 0 and 32" },
	{ "remote_addr =~ 10.*", "column 16: remote_addr is an IP address; use == or in, not =~" },
	{ "remote_addr < 10.0.0.1",
	  "column 15: remote_addr is an IP address; use == or in, not < and >" },
	{ "last > yesterday",
	  "column 8: yesterday: not a time (such as 2026-01-31T12:00:00Z or 12:00:00)" },
	{ "last > 2023-11-14T22:13:20",
	  "column 8: 2023-11-14T22:13:20: not a time (such as 2026-01-31T12:00:00Z or 12:00:00)" },
	{ "last in 12:00:00", "column 9: last is a time; use >= and <, not in" },
	{ "pid ==", "column 7: expected a value for pid, not the end" },
	{ "pid == && failed", "column 8: expected a value for pid, not &&" },
	{ "pid == 1 comm == x", "column 10: expected && or || or the end, not comm" },
	{ "pid == 1 &&", "column 12: expected a field, not the end" },
	{ "pid == 1 & failed", "column 10: a single &; write &&" },
	{ "pid == 1 | failed", "column 10: a single |; write ||" },
	{ "(pid == 1", "column 10: expected ), not the end" },
	{ "pid == 1)", "column 9: expected && or || or the end, not )" },
	{ "pid in (1, 2", "column 13: expected , or ) in the list, not the end" },
	{ "pid in (1 2)", "column 11: expected , or ) in the list, not 2" },
	{ "pid in ()", "column 9: expected a value for pid, not )" },
	{ "pid not 5", "column 9: expected in after not" },
	{ "pid == (1, 2)", "column 8: expected a value for pid, not (" },
	{ "comm == \"nginx", "column 9: the quote is not closed" },
	{ "\"comm\" == x", "column 1: expected a field, not \"comm\"" },
	{ "comm == a\x01z", "column 10: a control character; quote it" },
	/* columns count characters, not bytes */
	{ "comm == h\xc3\xa9 && x", "column 15: unknown field x; --schema lists the fields" },
};

static void test_complaints(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct where *w = (void *)0x1;
		struct error err = {};
		int r = where_parse(bad[i].text, &schema, &w, &err);

		assert_string_equal(err.message, bad[i].want);
		assert_int_equal(r, -EINVAL);
		assert_int_equal(err.code, -EINVAL);
		assert_ptr_equal(w, (void *)0x1);
		/* no error object wanted */
		assert_int_equal(where_parse(bad[i].text, &schema, &w, NULL), -EINVAL);
	}
}

/* n times `open`, then the middle, then n times `shut`. */
static int parse_nested(const char *open, const char *shut, size_t n, struct error *err)
{
	CLEANUP(where_cleanup) struct where *w = NULL;
	_strbuf_ struct strbuf text = {};

	for (size_t i = 0; i < n; i++)
		strbuf_adds(&text, open);
	strbuf_adds(&text, "failed");
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&text, shut);
	return where_parse(strbuf_str(&text), &schema, &w, err);
}

static void test_bounds(void **state)
{
	struct error err = {};

	(void)state;
	assert_int_equal(parse_nested("(", ")", 32, NULL), 0);
	assert_int_equal(parse_nested("(", ")", 33, &err), -EINVAL);
	assert_string_equal(err.message, "column 33: nested more than 32 deep");
	assert_int_equal(parse_nested("!", "", 32, NULL), 0);
	assert_int_equal(parse_nested("!", "", 33, NULL), -EINVAL);
	/* tests and the ANDs between them: 256 nodes at most */
	assert_int_equal(parse_nested("failed&&", "", 127, NULL), 0);
	assert_int_equal(parse_nested("failed&&", "", 128, &err), -EINVAL);
	assert_non_null(strstr(err.message, "more than 256 tests"));
	assert_int_equal(parse_nested(" ", "", 4090, NULL), 0);
	assert_int_equal(parse_nested(" ", "", 4091, &err), -EINVAL);
	assert_string_equal(err.message, "longer than 4096 characters");
}

/* HH:MM:SS is today, in local time. */
static void test_time_of_day(void **state)
{
	CLEANUP(where_cleanup) struct where *w = NULL;
	struct sample s = sample();
	time_t now = time(NULL), noon;
	struct tm tm;

	(void)state;
	localtime_r(&now, &tm);
	tm.tm_hour = 12;
	tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	noon = mktime(&tm);
	assert_int_equal(where_parse("last >= 12:00:00", &schema, &w, NULL), 0);
	s.last = (uint64_t)noon * 1000000000;
	assert_true(where_match(w, &s));
	s.last--;
	assert_false(where_match(w, &s));
	s.last = 0; /* no value */
	assert_false(where_match(w, &s));
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* Our globs against the C library's, on random patterns of the characters that matter. */
static void test_glob_as_fnmatch(void **state)
{
	static const char letters[] = "ab*?[]-!\\";
	uint32_t seed = 7;
	unsigned int matched = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char pattern[10], text[8];
		size_t pl = next_random(&seed) % 9, tl = next_random(&seed) % 7;
		bool ours, theirs;

		for (size_t i = 0; i < pl; i++)
			pattern[i] = letters[next_random(&seed) % (sizeof(letters) - 1)];
		for (size_t i = 0; i < tl; i++)
			text[i] = letters[next_random(&seed) % 3];
		pattern[pl] = text[tl] = '\0';
		/* where POSIX leaves the meaning open: a backslash at the end or inside a set, a range without order, "[[" */
		if (strchr(pattern, '[') && strpbrk(pattern, "\\-"))
			continue;
		if (strstr(pattern, "[[") || (pl && pattern[pl - 1] == '\\'))
			continue;
		ours = glob_matches(pattern, pl, text, tl, false);
		theirs = !fnmatch(pattern, text, 0);
		if (ours != theirs)
			fail_msg("'%s' on '%s': %d, fnmatch says %d", pattern, text, ours, theirs);
		matched += ours;
	}
	assert_true(matched > 1000);
}

static void test_glob(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool want;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "a?c",
		  "a\xc3\xa9"
		  "c",
		  true }, /* one character */
		{ "a?c",
		  "a\xff"
		  "c",
		  true }, /* not UTF-8: one byte */
		{ "a??c",
		  "a\xc3\xa9"
		  "c",
		  false },
		{ "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true },
		{ "[a-c]x", "bx", true },
		{ "[!a-c]x", "bx", false },
		{ "[]]", "]", true },
		{ "[a", "[a", true }, /* not closed */
		{ "\\*", "*", true },
		{ "\\*", "x", false },
		{ "*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (glob_matches(cases[i].pattern, strlen(cases[i].pattern), cases[i].text,
				 strlen(cases[i].text), false) != cases[i].want)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
	}
	assert_true(glob_matches("N*X", 3, "nGx", 3, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_bounds),		cmocka_unit_test(test_time_of_day),
		cmocka_unit_test(test_glob_as_fnmatch), cmocka_unit_test(test_glob),
	};

	return cmocka_run_group_tests_name("where", tests, NULL, NULL);
}
