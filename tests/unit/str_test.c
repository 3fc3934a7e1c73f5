// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static void test_strbuf(void **state)
{
	_strbuf_ struct strbuf sb = {};

	(void)state;
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_add(&sb, "ignored", 0);
	assert_null(sb.data);
	strbuf_addc(&sb, 'a');
	strbuf_adds(&sb, "bc");
	strbuf_addf(&sb, "%d-%s", 42, "x");
	strbuf_addf(&sb, "%s", "");
	assert_string_equal(strbuf_str(&sb), "abc42-x");
	assert_int_equal(sb.len, 7);
	strbuf_add(&sb, "\0z", 2);
	assert_int_equal(sb.len, 9);
	assert_memory_equal(sb.data, "abc42-x\0z", 10);
	strbuf_reset(&sb);
	assert_string_equal(strbuf_str(&sb), "");
	/* each length around the sizes that it grows by */
	for (int i = 0; i < 1000; i++) {
		strbuf_addf(&sb, "%c", 'a' + i % 26);
		assert_int_equal(strlen(strbuf_str(&sb)), i + 1);
	}
	assert_false(sb.failed);
}

static void test_strbuf_remembers_failure(void **state)
{
	_strbuf_ struct strbuf sb = {};

	(void)state;
	strbuf_adds(&sb, "kept");
	strbuf_add(&sb, "x", SIZE_MAX - 2);
	assert_true(sb.failed);
	strbuf_adds(&sb, "more");
	strbuf_addf(&sb, "%d", 1);
	assert_string_equal(strbuf_str(&sb), "kept");
}

static void check_escaped(const char *bytes, size_t len, const char *expected)
{
	_strbuf_ struct strbuf sb = {};

	strbuf_add_escaped(&sb, bytes, len);
	assert_string_equal(strbuf_str(&sb), expected);
}

static void test_escaped(void **state)
{
	(void)state;
	check_escaped("plain text", 10, "plain text");
	check_escaped("a\nb\tc", 5, "a\\x0ab\\x09c");
	check_escaped("\x1b[31m", 5, "\\x1b[31m");
	check_escaped("\x7f", 1, "\\x7f");
	check_escaped("a\\b", 3, "a\\\\b");
	check_escaped("\0", 1, "\\x00");
	/* C1, both as UTF-8 and as a bare byte */
	check_escaped("\xc2\x9b"
		      "2J",
		      4, "\\xc2\\x9b2J");
	check_escaped("\x9b", 1, "\\x9b");
	check_escaped("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	check_escaped("\xf0\x9f\x90\x9d", 4, "\xf0\x9f\x90\x9d");
	/* cut, overlong, surrogate, beyond U+10FFFF */
	check_escaped("\xc3", 1, "\\xc3");
	check_escaped("\xf0\x9f\x90", 3, "\\xf0\\x9f\\x90");
	check_escaped("\xc0\xaf", 2, "\\xc0\\xaf");
	check_escaped("\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf");
	check_escaped("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
	check_escaped("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
	check_escaped("\xff\xfe", 2, "\\xff\\xfe");
}

static void test_utf8_len(void **state)
{
	(void)state;
	assert_int_equal(utf8_len("", 0), 0);
	assert_int_equal(utf8_len("a", 1), 1);
	assert_int_equal(utf8_len("\0", 1), 1);
	assert_int_equal(utf8_len("\xc3\xbc", 2), 2);
	assert_int_equal(utf8_len("\xc3\xbc", 1), 0);
	assert_int_equal(utf8_len("\xe4\xb8\xad", 3), 3);
	assert_int_equal(utf8_len("\xef\xbf\xbf", 3), 3);
	assert_int_equal(utf8_len("\xf4\x8f\xbf\xbf", 4), 4);
	assert_int_equal(utf8_len("\xed\x9f\xbf", 3), 3);
	assert_int_equal(utf8_len("\xed\xa0\x80", 3), 0);
	assert_int_equal(utf8_len("\xc1\xbf", 2), 0);
	assert_int_equal(utf8_len("\x80", 1), 0);
	assert_int_equal(utf8_len("\xf5\x80\x80\x80", 4), 0);
}

static void test_columns(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(str_columns("", 0), 0);
	assert_int_equal(str_columns("abc", 3), 3);
	assert_int_equal(str_columns("gr\xc3\xbc\xc3\x9f", 6), 4);
	assert_int_equal(str_columns("\xe4\xb8\xad\xe6\x96\x87", 6), 4);
	/* a combining accent takes no column of its own */
	assert_int_equal(str_columns("e\xcc\x81", 3), 1);
	assert_int_equal(str_columns("\xff\xfe", 2), 2);
}

static void test_copy(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	assert_true(str_copy(buf, sizeof(buf), "abc"));
	assert_string_equal(buf, "abc");
	assert_false(str_copy(buf, sizeof(buf), "defg"));
	assert_string_equal(buf, "def");
	assert_true(str_copy(buf, sizeof(buf), ""));
	assert_string_equal(buf, "");
	assert_false(str_copy(buf, 1, "x"));
	assert_string_equal(buf, "");
	memcpy(buf, "zzz", 4);
	assert_false(str_copy(buf, 0, "x"));
	assert_string_equal(buf, "zzz");
}

static void test_printf(void **state)
{
	_free_ char *text = str_printf("%s %d", "bees", 7);

	(void)state;
	assert_string_equal(text, "bees 7");
}

static void test_distance(void **state)
{
	char longer[200], other[200];

	(void)state;
	assert_int_equal(str_distance("", ""), 0);
	assert_int_equal(str_distance("", "abc"), 3);
	assert_int_equal(str_distance("abc", ""), 3);
	assert_int_equal(str_distance("flows", "flows"), 0);
	assert_int_equal(str_distance("flws", "flows"), 1);
	assert_int_equal(str_distance("prot", "port"), 1);
	assert_int_equal(str_distance("kitten", "sitting"), 3);
	assert_int_equal(str_distance("ca", "abc"), 3);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	memcpy(other, longer, sizeof(other));
	other[62] = 'b';
	other[100] = 'b';
	assert_int_equal(str_distance(longer, other), 1);
	assert_int_equal(str_distance(longer, ""), 63);
}

static const char *nearest(const char *word, const char *const *names)
{
	struct str_nearest n = { .word = word };

	for (; *names; names++)
		str_nearest_offer(&n, *names);
	return n.best;
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "port", "proto", "interval", "top", "x", NULL };

	(void)state;
	assert_string_equal(nearest("intervall", names), "interval");
	assert_string_equal(nearest("itnerval", names), "interval");
	/* both are one slip away: the common beginning decides */
	assert_string_equal(nearest("prot", names), "proto");
	assert_string_equal(nearest("pot", names), "port");
	assert_null(nearest("y", names));
	assert_null(nearest("", names));
	assert_null(nearest("completely-else", names));
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
}

static void test_file_read(void **state)
{
	char folder[] = "/tmp/skep-str-XXXXXX";
	_free_ char *path = NULL, *text = NULL, *again = NULL;
	char big[10000];
	size_t len = 99;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = str_printf("%s/file", folder);
	write_file(path, "a\0b", 3);
	assert_int_equal(file_read(AT_FDCWD, path, 3, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "a\0b", 4);
	len = 99;
	assert_int_equal(file_read(AT_FDCWD, path, 2, &again, &len), -EFBIG);
	assert_null(again);
	assert_int_equal(len, 99);

	memset(big, 'x', sizeof(big));
	write_file(path, big, sizeof(big));
	free(TAKE_PTR(text));
	assert_int_equal(file_read(AT_FDCWD, path, SIZE_MAX, &text, &len), 0);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(text, big, sizeof(big));
	assert_int_equal(text[sizeof(big)], 0);

	write_file(path, "", 0);
	assert_int_equal(file_read(AT_FDCWD, path, 0, &again, NULL), 0);
	assert_string_equal(again, "");
	assert_int_equal(unlink(path), 0);
	free(TAKE_PTR(again));
	assert_int_equal(file_read(AT_FDCWD, path, 10, &again, NULL), -ENOENT);
	assert_int_equal(file_read(AT_FDCWD, folder, 10, &again, NULL), -EISDIR);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strbuf),	cmocka_unit_test(test_strbuf_remembers_failure),
		cmocka_unit_test(test_escaped), cmocka_unit_test(test_utf8_len),
		cmocka_unit_test(test_columns), cmocka_unit_test(test_copy),
		cmocka_unit_test(test_printf),	cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_file_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
