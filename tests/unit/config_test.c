// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/options.h"
#include "base/str.h"
#include "config/config.h"

struct sample {
	bool events;
	const char *where;
	uint64_t top;
	uint64_t interval_ns;
	struct option_list columns;
};

static const struct option_spec table[] = {
	OPTION_FLAG('e', "events", struct sample, events, "each call"),
	OPTION_STRING(0, "where", struct sample, where, "EXPR", "filter"),
	OPTION_U64(0, "top", struct sample, top, "N", "5", "rows", .max = 100),
	OPTION_DURATION(0, "interval", struct sample, interval_ns, "TIME", "1s", "between"),
	OPTION_LIST('c', "columns", struct sample, columns, "NAMES", "which", .preset = "pid"),
	OPTION_END
};

static int load(const char *text, struct config **ret, struct error *err)
{
	return config_load_text(text, strlen(text), "skep.yaml", ret, err);
}

/* The complaint while loading. */
static void check_refused_bytes(const char *text, size_t len, const char *message)
{
	struct config *config = NULL;
	struct error err = {};

	assert_int_equal(config_load_text(text, len, "skep.yaml", &config, &err), -EINVAL);
	assert_string_equal(err.message, message);
	assert_null(config);
	assert_int_equal(config_load_text(text, len, "skep.yaml", &config, NULL), -EINVAL);
}

static void check_refused(const char *text, const char *message)
{
	check_refused_bytes(text, strlen(text), message);
}

static void test_empty(void **state)
{
	static const char *const texts[] = { "",
					     "\n\n",
					     "# only a comment\n",
					     "---\n",
					     "--- {}\n",
					     "~\n",
					     "defaults:\n",
					     "defaults: {}",
					     "defaults: {flows: }" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(config_cleanup) struct config *config = NULL;
		struct sample s = {};
		struct error err = {};

		assert_int_equal(load(texts[i], &config, &err), 0);
		assert_int_equal(config_defaults_apply(config, "flows", table, &s, &err), 0);
		assert_int_equal(s.top, 0);
	}
}

static void test_refused(void **state)
{
	(void)state;
	check_refused("defaultss: {}\n",
		      "skep.yaml:1:1: unknown key defaultss; did you mean defaults?");
	check_refused("# x\n\n  filter: {}\n", "skep.yaml:3:3: unknown key filter");
	check_refused("defaults: {}\ndefaults: {}\n", "skep.yaml:2:1: key defaults is there twice");
	check_refused("defaults:\n  b: {x: 1, y: 2, \"x\": 3}\n  a: 1\n  b: 1\n",
		      "skep.yaml:4:3: key b is there twice");
	check_refused("defaults:\n  a:\n    b: 1\n    c: 1\n    b: 2\n    c: 2\n",
		      "skep.yaml:5:5: key b is there twice");
	check_refused("- a\n- b\n", "skep.yaml:1:1: the file: keys and values are wanted here");
	check_refused("word\n", "skep.yaml:1:1: the file: keys and values are wanted here");
	check_refused("defaults: {[a, b]: 1}\n", "skep.yaml:1:12: a key must be a word");
	check_refused("defaults: {~: 1}\n", "skep.yaml:1:12: a key must be a word");
	check_refused("a: &x 1\n", "skep.yaml:1:4: anchors and aliases are not allowed");
	check_refused("defaults: &x {}\n", "skep.yaml:1:11: anchors and aliases are not allowed");
	check_refused("defaults:\n- &x [1]\n",
		      "skep.yaml:2:3: anchors and aliases are not allowed");
	check_refused("a: [*x]\n", "skep.yaml:1:5: anchors and aliases are not allowed");
	check_refused("a: !!int 1\n", "skep.yaml:1:4: tags are not allowed");
	check_refused("a: ! x\n", "skep.yaml:1:4: tags are not allowed");
	check_refused("a: !t {}\n", "skep.yaml:1:4: tags are not allowed");
	check_refused("a: !t []\n", "skep.yaml:1:4: tags are not allowed");
	check_refused("defaults: {}\n---\ndefaults: {}\n", "skep.yaml:2:1: more than one document");
	check_refused("a: \"x\\0y\"\n", "skep.yaml:1:4: text with a NUL byte");
}

static void test_syntax(void **state)
{
	(void)state;
	check_refused("defaults: {\n", "skep.yaml:2:1: did not find expected node content");
	check_refused("defaults:\n\t- a\n",
		      "skep.yaml:2:1: found character that cannot start any token");
	check_refused("a: 'b\n", "skep.yaml:2:1: found unexpected end of stream");
	check_refused("a: b: c\n", "skep.yaml:1:5: mapping values are not allowed in this context");
	/* bytes that are not UTF-8: counted in characters */
	check_refused("a: 1\n# gr\xc3\xbc\xc3\x9f \xff\n",
		      "skep.yaml:2:8: invalid leading UTF-8 octet");
	check_refused_bytes("a\0b", 3, "skep.yaml:1:2: control characters are not allowed");
	check_refused("\x1b[2J", "skep.yaml:1:1: control characters are not allowed");
}

static void test_laughs_and_cycles(void **state)
{
	(void)state;
	check_refused("a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n",
		      "skep.yaml:1:4: anchors and aliases are not allowed");
	check_refused("&a [*a]\n", "skep.yaml:1:1: anchors and aliases are not allowed");
	check_refused("<<: *a\n", "skep.yaml:1:5: anchors and aliases are not allowed");
}

static char *repeat(const char *head, const char *unit, size_t count)
{
	_strbuf_ struct strbuf text = {};

	strbuf_adds(&text, head);
	for (size_t i = 0; i < count; i++)
		strbuf_adds(&text, unit);
	assert_false(text.failed);
	return TAKE_PTR(text.data);
}

static void test_bounds(void **state)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	_free_ char *deep = repeat("defaults: ", "[", 100000);
	_free_ char *many = repeat("defaults:\n", "- 1\n", 99998);
	_free_ char *large = repeat("#", "xxxxxxxxxxxxxxxx", 262144);
	struct error err = {};

	(void)state;
	/* the root is the first level */
	check_refused(deep, "skep.yaml:1:42: nested deeper than 32");
	/* 99,998 in the list, the list, the key: and the root is one more */
	check_refused(many, "skep.yaml:99999:3: more than 100000 values");
	assert_int_equal(load(large, &config, &err), -EFBIG);
	assert_string_equal(err.message, "skep.yaml: larger than 4 MiB");
	/* just within */
	large[4 << 20] = '\0';
	assert_int_equal(load(large, &config, &err), 0);
}

/* All that libyaml is given must be looked at in reasonable time, also a map of 40,000 keys. */
static void test_many_keys(void **state)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	_strbuf_ struct strbuf text = {};
	struct error err = {};

	(void)state;
	strbuf_adds(&text, "defaults:\n");
	for (int i = 0; i < 40000; i++)
		strbuf_addf(&text, " k%d: 1\n", i);
	assert_int_equal(load(strbuf_str(&text), &config, &err), 0);
	strbuf_adds(&text, " k123: 1\n");
	check_refused(strbuf_str(&text), "skep.yaml:40002:2: key k123 is there twice");
}

static void test_apply(void **state)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	struct sample s = {};
	struct error err = {};

	(void)state;
	assert_int_equal(load("defaults:\n"
			      "  doctor: {output: json}\n"
			      "  flows:\n"
			      "    events: yes\n"
			      "    where: \"bytes > 1M\"\n"
			      "    top: 7\n"
			      "    columns: [pid, comm, 'a,b']\n",
			      &config, &err),
			 0);
	assert_int_equal(options_preset(table, &s, &err), 0);
	assert_int_equal(config_defaults_apply(config, "flows", table, &s, &err), 0);
	assert_true(s.events);
	assert_string_equal(s.where, "bytes > 1M");
	assert_int_equal(s.top, 7);
	assert_int_equal(s.interval_ns, 1000000000);
	assert_int_equal(s.columns.count, 4);
	assert_string_equal(s.columns.values[0], "pid");
	assert_string_equal(s.columns.values[3], "b");
	/* a list may be written as one value, too */
	config_free(TAKE_PTR(config));
	assert_int_equal(load("defaults: {flows: {columns: 'x,y'}}", &config, &err), 0);
	assert_int_equal(config_defaults_apply(config, "flows", table, &s, &err), 0);
	assert_int_equal(s.columns.count, 2);
	assert_string_equal(s.columns.values[1], "y");
	options_free(table, &s);
}

static void check_apply(const char *text, const char *message)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	struct sample s = {};
	struct error err = {};

	assert_int_equal(load(text, &config, &err), 0);
	assert_int_equal(config_defaults_apply(config, "flows", table, &s, &err), -EINVAL);
	assert_string_equal(err.message, message);
	assert_int_equal(err.code, -EINVAL);
	options_free(table, &s);
	assert_int_equal(config_defaults_apply(config, "flows", table, &s, NULL), -EINVAL);
	options_free(table, &s);
}

static void test_apply_complaints(void **state)
{
	(void)state;
	check_apply("defaults:\n  flows:\n    intervall: 2s\n",
		    "skep.yaml:3:5: unknown key intervall; did you mean interval?");
	check_apply("defaults: {flows: {colour: red}}\n", "skep.yaml:1:20: unknown key colour");
	check_apply("defaults:\n  flows:\n    interval: soon\n",
		    "skep.yaml:3:15: interval: soon: not a time (such as 250ms)");
	check_apply("defaults:\n  flows:\n    top: 101\n",
		    "skep.yaml:3:10: top: 101: not between 0 and 100");
	check_apply("defaults: {flows: {top: [1, 2]}}",
		    "skep.yaml:1:25: top: one value is wanted here");
	check_apply("defaults: {flows: {where: {a: 1}}}",
		    "skep.yaml:1:27: where: one value is wanted here");
	check_apply("defaults: {flows: {columns: [a, [b]]}}",
		    "skep.yaml:1:33: columns: one value is wanted here");
	check_apply("defaults: {flows: {columns: [a, ~]}}",
		    "skep.yaml:1:33: columns needs a value");
	check_apply("defaults:\n  flows:\n    where:\n", "skep.yaml:3:11: where needs a value");
	check_apply("defaults: {flows: {events: 1}}",
		    "skep.yaml:1:28: events: 1: not true or false");
	check_apply("defaults: {flows: [top]}",
		    "skep.yaml:1:19: flows: keys and values are wanted here");
	check_apply("defaults: 7", "skep.yaml:1:11: defaults: keys and values are wanted here");
}

static void test_check(void **state)
{
	static const char *const names[] = { "flows", "doctor", NULL };
	CLEANUP(config_cleanup) struct config *config = NULL;
	struct error err = {};

	(void)state;
	assert_int_equal(load("defaults: {flows: {}, doctor: {}}", &config, &err), 0);
	assert_int_equal(config_defaults_check(config, names, &err), 0);
	config_free(TAKE_PTR(config));
	assert_int_equal(load("defaults:\n  flws: {}\n", &config, &err), 0);
	assert_int_equal(config_defaults_check(config, names, &err), -EINVAL);
	assert_string_equal(err.message, "skep.yaml:2:3: unknown key flws; did you mean flows?");
	config_free(TAKE_PTR(config));
	assert_int_equal(load("", &config, &err), 0);
	assert_int_equal(config_defaults_check(config, names, &err), 0);
}

static void test_file(void **state)
{
	CLEANUP(config_cleanup) struct config *config = NULL;
	char path[] = "/tmp/skep-config-XXXXXX";
	_close_ int fd = mkstemp(path);
	_free_ char *expected = str_printf("%s:1:1: unknown key x", path);
	struct error err = {};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x: 1\n", 5), 5);
	assert_int_equal(config_load_file(path, &config, &err), -EINVAL);
	assert_string_equal(err.message, expected);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(config_load_file(path, &config, &err), 0);
	config_free(TAKE_PTR(config));
	assert_int_equal(ftruncate(fd, (4 << 20) + 1), 0);
	assert_int_equal(config_load_file(path, &config, &err), -EFBIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(config_load_file(path, &config, &err), -ENOENT);
	assert_int_equal(config_load_file("/", &config, &err), -EISDIR);
	assert_string_equal(err.message, "/: Is a directory");
	config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_syntax), cmocka_unit_test(test_laughs_and_cycles),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_apply),  cmocka_unit_test(test_apply_complaints),
		cmocka_unit_test(test_check),  cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
