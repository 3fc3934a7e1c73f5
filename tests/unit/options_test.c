// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/options.h"

struct inner {
	int format;
	uint64_t top;
};

struct sample {
	bool events;
	unsigned int verbose;
	const char *where;
	uint64_t size;
	struct inner inner;
	bool wide;
	struct option_list hosts;
	struct option_list columns;
	uint64_t interval_ns;
	uint64_t port;
};

static const char *const formats[] = { "table", "wide", "json", NULL };

static const struct option_spec inner_table[] = {
	OPTION_CHOICE('o', "output", struct inner, format, "FORMAT", formats, "wide", "form"),
	OPTION_U64('n', "top", struct inner, top, "N", NULL, "rows"), OPTION_END
};

static const struct option_spec table[] = {
	OPTION_FLAG('e', "events", struct sample, events, "each call"),
	OPTION_COUNT('v', "verbose", struct sample, verbose, "say more"),
	OPTION_STRING('w', "where", struct sample, where, "EXPR", "filter"),
	OPTION_SIZE(0, "size", struct sample, size, "SIZE", "4k", "buffer", .min = 1024,
		    .max = 1 << 20),
	OPTION_INCLUDE(inner_table, struct sample, inner),
	OPTION_LIST('c', "columns", struct sample, columns, "NAMES", "which", .preset = "pid,comm"),
	OPTION_DURATION(0, "interval", struct sample, interval_ns, "TIME", "1s", "between"),
	OPTION_FLAG(0, "wide", struct sample, wide, "more"),
	OPTION_LIST(0, "hosts", struct sample, hosts, "NAMES", "which"),
	OPTION_U64('p', NULL, struct sample, port, "PORT", NULL, "port", .max = 65535),
	OPTION_END
};

struct parsed {
	struct sample s;
	struct error err;
	int count;
	bool help;
	int r;
	char *argv[16];
};

/* Presets, then the words up to NULL. */
static struct parsed parse(const char *first, ...)
{
	struct parsed p = { .count = -1 };
	int argc = 0;
	va_list ap;

	p.argv[argc++] = (char *)"skep";
	va_start(ap, first);
	for (const char *word = first; word; word = va_arg(ap, const char *))
		p.argv[argc++] = (char *)word;
	va_end(ap);
	assert_int_equal(options_preset(table, &p.s, &p.err), 0);
	p.r = options_parse(table, &p.s, argc, p.argv, &p.count, &p.help, &p.err);
	return p;
}

static void done(struct parsed *p)
{
	options_free(table, &p->s);
	assert_null(p->s.columns.values);
	assert_int_equal(p->s.columns.count, 0);
}

#define CHECK_REFUSED(text, ...)                             \
	do {                                                 \
		struct parsed p_ = parse(__VA_ARGS__, NULL); \
		assert_string_equal(p_.err.message, text);   \
		assert_true(p_.r < 0);                       \
		assert_int_equal(p_.count, -1);              \
		done(&p_);                                   \
	} while (0)

static void test_presets(void **state)
{
	struct parsed p = parse(NULL);

	(void)state;
	assert_int_equal(p.r, 0);
	assert_int_equal(p.count, 0);
	assert_false(p.help);
	assert_false(p.s.events);
	assert_int_equal(p.s.size, 4096);
	assert_int_equal(p.s.inner.format, 1);
	assert_int_equal(p.s.inner.top, 0);
	assert_int_equal(p.s.interval_ns, 1000000000);
	assert_int_equal(p.s.columns.count, 2);
	assert_string_equal(p.s.columns.values[0], "pid");
	assert_string_equal(p.s.columns.values[1], "comm");
	done(&p);
}

static void test_bad_preset(void **state)
{
	static const struct option_spec bad[] = {
		OPTION_U64(0, "top", struct inner, top, "N", "many", "rows"), OPTION_END
	};
	struct inner inner = {};
	struct error err = {};

	(void)state;
	assert_int_equal(options_preset(bad, &inner, &err), -EINVAL);
	assert_string_equal(err.message, "default of --top: many: not a number");
}

static void test_forms(void **state)
{
	struct parsed p;

	(void)state;
	p = parse("-evv", "--where=a=b", "--size", "8k", "-n5", "-o", "json", "-p80", NULL);
	assert_int_equal(p.r, 0);
	assert_true(p.s.events);
	assert_int_equal(p.s.verbose, 2);
	assert_string_equal(p.s.where, "a=b");
	assert_int_equal(p.s.size, 8192);
	assert_int_equal(p.s.inner.top, 5);
	assert_int_equal(p.s.inner.format, 2);
	assert_int_equal(p.s.port, 80);
	done(&p);

	/* joined letters, the last with its value in the next word; values that look like options */
	p = parse("-ev", "-eo", "table", "-w", "--top", "--interval", "250ms", NULL);
	assert_int_equal(p.r, 0);
	assert_int_equal(p.s.inner.format, 0);
	assert_string_equal(p.s.where, "--top");
	assert_int_equal(p.s.inner.top, 0);
	assert_int_equal(p.s.interval_ns, 250000000);
	done(&p);

	/* unique prefixes; flags with values; an empty value */
	p = parse("--ev=no", "--int=2", "--verb=3", "--where=", NULL);
	assert_int_equal(p.r, 0);
	assert_false(p.s.events);
	assert_int_equal(p.s.interval_ns, 2000000000);
	assert_int_equal(p.s.verbose, 3);
	assert_string_equal(p.s.where, "");
	done(&p);
}

static void test_positionals(void **state)
{
	struct parsed p;

	(void)state;
	p = parse("one", "-e", "two", "--top", "3", "-", "--", "--events", "-x", "--", NULL);
	assert_int_equal(p.r, 0);
	assert_int_equal(p.count, 6);
	assert_string_equal(p.argv[1], "one");
	assert_string_equal(p.argv[2], "two");
	assert_string_equal(p.argv[3], "-");
	assert_string_equal(p.argv[4], "--events");
	assert_string_equal(p.argv[5], "-x");
	assert_string_equal(p.argv[6], "--");
	assert_int_equal(p.s.inner.top, 3);
	done(&p);
	p = parse("", NULL);
	assert_int_equal(p.count, 1);
	done(&p);
}

static void test_lists(void **state)
{
	struct parsed p;

	(void)state;
	/* the first on the command line replaces the preset, the next is added */
	p = parse("--columns=a,b", "-c", "-c", "--columns", "d", NULL);
	assert_int_equal(p.r, 0);
	assert_int_equal(p.s.columns.count, 4);
	assert_string_equal(p.s.columns.values[0], "a");
	assert_string_equal(p.s.columns.values[1], "b");
	assert_string_equal(p.s.columns.values[2], "-c");
	assert_string_equal(p.s.columns.values[3], "d");
	done(&p);
	CHECK_REFUSED("--columns: an empty entry in the list", "--columns=a,,b");
	CHECK_REFUSED("--columns: an empty entry in the list", "--columns=");
	CHECK_REFUSED("--columns: an empty entry in the list", "--columns=a,");
}

static void test_help(void **state)
{
	static const char *const words[] = { "-h", "--help", "-eh", "--hel" };
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		p = parse("--bogus", "x", words[i], "--top", "abc", NULL);
		assert_int_equal(p.r, 0);
		assert_true(p.help);
		assert_int_equal(p.count, 0);
		done(&p);
	}
	/* as the value of an option, or behind "--", it is not asked for */
	p = parse("--where", "--help", NULL);
	assert_false(p.help);
	assert_string_equal(p.s.where, "--help");
	done(&p);
	p = parse("--", "--help", NULL);
	assert_false(p.help);
	assert_int_equal(p.count, 1);
	done(&p);
	CHECK_REFUSED("--help takes no value", "--help=yes");
}

static void test_complaints(void **state)
{
	(void)state;
	CHECK_REFUSED("unknown option --evnts; did you mean --events?", "--evnts");
	CHECK_REFUSED("unknown option --intervall; did you mean --interval?", "--intervall=3");
	CHECK_REFUSED("unknown option --something-else", "--something-else");
	CHECK_REFUSED("unknown option --", "--=x");
	CHECK_REFUSED("unknown option -x", "-x");
	CHECK_REFUSED("unknown option -x", "-ex", "file");
	CHECK_REFUSED("--w is ambiguous: --where or --wide", "--w");
	CHECK_REFUSED("--h is ambiguous: --hosts or --help", "--h");
	CHECK_REFUSED("--top: abc: not a number", "--top", "abc");
	CHECK_REFUSED("--top: abc: not a number", "-nabc");
	CHECK_REFUSED("--top: -5: not a number", "--top", "-5");
	CHECK_REFUSED("--top: : not a number", "--top=");
	CHECK_REFUSED("--interval needs a value", "--interval");
	CHECK_REFUSED("--top needs a value", "-en");
	CHECK_REFUSED("-p needs a value", "-p");
	CHECK_REFUSED("-p: 70000: not between 0 and 65535", "-p70000");
	CHECK_REFUSED("--size: 1: not between 1k and 1M", "--size=1");
	CHECK_REFUSED("--interval: soon: not a time (such as 250ms)", "--interval=soon");
	CHECK_REFUSED("--output: xml: not one of table, wide, json", "-oxml");
	CHECK_REFUSED("--events: maybe: not true or false", "--events=maybe");
	CHECK_REFUSED("--verbose: 256: not between 0 and 255", "--verbose=256");
}

static void test_leading(void **state)
{
	char *argv[] = { (char *)"skep",    (char *)"-v",    (char *)"--where", (char *)"x",
			 (char *)"--bogus", (char *)"flows", (char *)"-e" };

	(void)state;
	assert_int_equal(options_leading(table, 7, argv), 4);
	assert_int_equal(options_leading(table, 5, argv), 4);
	assert_int_equal(options_leading(table, 3, argv), 2);
	assert_int_equal(options_leading(table, 1, argv), 0);
	assert_int_equal(options_leading(table, 0, argv), 0);
}

static void test_set(void **state)
{
	struct sample s = {};
	struct error err = {};

	(void)state;
	assert_int_equal(option_set(table, &s, "events", NULL, &err), 0);
	assert_true(s.events);
	assert_int_equal(option_set(table, &s, "events", "no", &err), 0);
	assert_false(s.events);
	assert_int_equal(option_set(table, &s, "top", "12", &err), 0);
	assert_int_equal(s.inner.top, 12);
	assert_int_equal(option_set(table, &s, "columns", "a", &err), 0);
	assert_int_equal(option_set(table, &s, "columns", "b", &err), 0);
	assert_int_equal(s.columns.count, 2);
	assert_true(option_clear(table, &s, "columns"));
	assert_int_equal(s.columns.count, 0);
	assert_false(option_clear(table, &s, "top"));
	assert_false(option_clear(table, &s, "bogus"));
	/* whole names only */
	assert_int_equal(option_set(table, &s, "event", NULL, &err), -ENOENT);
	assert_string_equal(err.message, "unknown option event; did you mean events?");
	assert_int_equal(option_set(table, &s, "xyz", NULL, &err), -ENOENT);
	assert_string_equal(err.message, "unknown option xyz");
	assert_int_equal(option_set(table, &s, "top", NULL, &err), -EINVAL);
	assert_string_equal(err.message, "top: needs a value");
	assert_int_equal(option_set(table, &s, "top", "x", &err), -EINVAL);
	assert_string_equal(err.message, "top: x: not a number");
	options_free(table, &s);
}

struct seen {
	int count;
	size_t top_offset;
};

static int see(const struct option_spec *o, size_t offset, void *context)
{
	struct seen *seen = context;

	seen->count++;
	if (o->name && str_eq(o->name, "top"))
		seen->top_offset = offset;
	return o->name && str_eq(o->name, "interval") ? 42 : 0;
}

static void test_each(void **state)
{
	struct seen seen = {};

	(void)state;
	assert_int_equal(options_each(table, 0, see, &seen), 42);
	assert_int_equal(seen.count, 8);
	assert_int_equal(seen.top_offset, offsetof(struct sample, inner.top));
	assert_int_equal(options_each(NULL, 0, see, &seen), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),	   cmocka_unit_test(test_bad_preset),
		cmocka_unit_test(test_forms),	   cmocka_unit_test(test_positionals),
		cmocka_unit_test(test_lists),	   cmocka_unit_test(test_help),
		cmocka_unit_test(test_complaints), cmocka_unit_test(test_leading),
		cmocka_unit_test(test_set),	   cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
