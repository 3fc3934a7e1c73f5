// SPDX-License-Identifier: GPL-2.0-or-later
/* What the output does on a terminal, read from the other end of a pseudo-terminal. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cmocka.h>

#include "base/log.h"
#include "output_sample.h"

#define LIST(...)                                               \
	((struct option_list){ (const char *[]){ __VA_ARGS__ }, \
			       ARRAY_SIZE(((const char *[]){ __VA_ARGS__ })) })

struct screen {
	int master, slave;
	char name[64];
	struct output *out;
};

static void screen_size(struct screen *s, unsigned short columns, unsigned short rows)
{
	struct winsize size = { .ws_col = columns, .ws_row = rows };

	assert_int_equal(ioctl(s->master, TIOCSWINSZ, &size), 0);
}

static void screen_open(struct screen *s, struct output_options o, bool live,
			unsigned short columns, unsigned short rows)
{
	struct termios raw;
	struct error err = {};

	assert_int_equal(openpty(&s->master, &s->slave, s->name, NULL, NULL), 0);
	assert_int_equal(tcgetattr(s->slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(s->slave, TCSANOW, &raw), 0);
	screen_size(s, columns, rows);
	o.file = s->name;
	if (output_open(&o, &sample_schema, live, &s->out, &err))
		fail_msg("%s", err.message);
}

/* All that was written since the last call; it is there already when write(2) has returned. */
static const char *screen_read(struct screen *s, struct strbuf *text)
{
	struct pollfd ready = { .fd = s->master, .events = POLLIN };
	char chunk[4096];

	strbuf_reset(text);
	while (poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN)) {
		ssize_t n = read(s->master, chunk, sizeof(chunk));

		if (n <= 0)
			break;
		strbuf_add(text, chunk, (size_t)n);
	}
	return strbuf_str(text);
}

static void screen_close(struct screen *s)
{
	output_free(s->out);
	close(s->master);
	close(s->slave);
}

static void frame(struct screen *s, const struct sample *rows, size_t count)
{
	assert_int_equal(output_frame_begin(s->out), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(output_row(s->out, &rows[i], NULL), 0);
	assert_int_equal(output_frame_end(s->out, NULL), 0);
}

static void test_live(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	screen_open(&s, (struct output_options){ .columns = LIST("pid", "comm") }, true, 40, 10);
	assert_true(output_is_live(s.out));
	output_status(s.out, "up %ds \033[2J", 3);
	frame(&s, samples, 1);
	/* what was on the screen scrolls away; then from the top, each line cleared behind its text */
	assert_string_equal(screen_read(&s, &text), "\n\n\n\n\n\n\n\n\n\033[H"
						    "\033[2mup 3s \\x1b[2J\033[0m\033[K\n"
						    "\033[1mout\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "    100  curl\033[K\n"
						    "\033[K\n"
						    "\033[1min\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "\033[2m(none)\033[0m\033[K\n"
						    "\033[J");
	output_status(s.out, "%s", "");
	frame(&s, samples + 1, 1);
	/* columns do not shrink again */
	frame(&s, samples, 1);
	output_last_frame(s.out);
	output_status(s.out, "not at the end");
	frame(&s, samples, 0);
	assert_int_equal(output_finish(s.out, NULL, NULL), 0);
	assert_string_equal(screen_read(&s, &text), "\033[H"
						    "\033[1mout\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "\033[2m(none)\033[0m\033[K\n"
						    "\033[K\n"
						    "\033[1min\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "4000000  nginx-wo\033[K\n"
						    "\033[J"
						    "\033[H"
						    "\033[1mout\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "    100  curl\033[K\n"
						    "\033[K\n"
						    "\033[1min\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "\033[2m(none)\033[0m\033[K\n"
						    "\033[J"
						    "\033[H"
						    "\033[1mout\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "\033[2m(none)\033[0m\033[K\n"
						    "\033[K\n"
						    "\033[1min\033[0m\033[K\n"
						    "\033[1m    PID  COMM\033[0m\033[K\n"
						    "\033[2m(none)\033[0m\033[K\n"
						    "\033[J");
	screen_close(&s);
}

/* 30 rows on 10 lines: the tables share them, "N more" says what is missing; the last frame has all. */
static void test_height(void **state)
{
	_strbuf_ struct strbuf text = {}, all = {};
	struct screen s = {};
	struct sample rows[30];

	(void)state;
	setenv("NO_COLOR", "1", 1);
	for (size_t i = 0; i < 30; i++)
		rows[i] = (struct sample){ .pid = 1000 + (uint32_t)i, .direction = i < 28 ? 1 : 0 };
	screen_open(&s, (struct output_options){ .columns = LIST("pid"), .sort = LIST("pid") },
		    true, 40, 10);
	frame(&s, rows, 30);
	assert_string_equal(screen_read(&s, &text),
			    "\n\n\n\n\n\n\n\n\n\033[H"
			    "out\033[K\n    PID\033[K\n   1029\033[K\n   1028\033[K\n"
			    "\033[K\n"
			    "in\033[K\n    PID\033[K\n   1027\033[K\n"
			    "… 27 more\033[K\n"
			    "\033[J");
	/* both too big: half each */
	for (size_t i = 0; i < 15; i++)
		rows[i].direction = 0;
	screen_size(&s, 40, 14);
	frame(&s, rows, 30);
	assert_string_equal(
		screen_read(&s, &text),
		"\033[H"
		"out\033[K\n    PID\033[K\n   1029\033[K\n   1028\033[K\n   1014\033[K\n"
		"… 14 more\033[K\n"
		"\033[K\n"
		"in\033[K\n    PID\033[K\n   1027\033[K\n   1026\033[K\n   1025\033[K\n"
		"… 10 more\033[K\n"
		"\033[J");
	/* no room for anything: still it never scrolls */
	screen_size(&s, 40, 3);
	frame(&s, rows, 30);
	assert_string_equal(screen_read(&s, &text), "\033[Hout\033[K\n    PID\033[K\n\033[J");
	output_last_frame(s.out);
	frame(&s, rows, 30);
	strbuf_adds(&all, "\033[Hout\033[K\n    PID\033[K\n   1029\033[K\n   1028\033[K\n");
	for (unsigned int pid = 1015; pid-- > 1000;)
		strbuf_addf(&all, "   %u\033[K\n", pid);
	strbuf_adds(&all, "\033[K\nin\033[K\n    PID\033[K\n");
	for (unsigned int pid = 1028; pid-- > 1015;)
		strbuf_addf(&all, "   %u\033[K\n", pid);
	strbuf_adds(&all, "\033[J");
	assert_string_equal(screen_read(&s, &text), strbuf_str(&all));
	screen_close(&s);
	unsetenv("NO_COLOR");
}

/* Too narrow: columns that stretch give way, then lines are cut; widths are asked for again each time. */
static void test_width(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	setenv("NO_COLOR", "1", 1);
	screen_open(&s,
		    (struct output_options){ .columns = LIST("container", "comm", "pid"),
					     .no_headers = true },
		    true, 80, 10);
	frame(&s, samples + 1, 1);
	assert_string_equal(screen_read(&s, &text),
			    "\n\n\n\n\n\n\n\n\n\033[H"
			    "a-long-name-of-a-container  nginx-wo  4000000\033[K\n\033[J");
	screen_size(&s, 30, 10);
	frame(&s, samples + 1, 1);
	/* a full line: clearing behind it would take its last character */
	assert_string_equal(screen_read(&s, &text), "\033[Ha-long…tainer nginx-wo 4000000\n\033[J");
	screen_size(&s, 20, 10);
	frame(&s, samples + 1, 1);
	assert_string_equal(screen_read(&s, &text), "\033[Ha-…er nginx-wo 40000\n\033[J");
	screen_size(&s, 80, 10);
	frame(&s, samples + 2, 1);
	assert_string_equal(screen_read(&s, &text),
			    "\033[H-          a\\x1b[2J\\xff,       22\033[K\n\033[J");
	screen_close(&s);
	unsetenv("NO_COLOR");
}

/* A terminal too narrow for all default columns: some are left out, and it is said. */
static void test_yield(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	setenv("NO_COLOR", "1", 1);
	screen_open(&s, (struct output_options){}, true, 42, 10);
	output_status(s.out, "live");
	frame(&s, samples, 1);
	screen_read(&s, &text);
	assert_non_null(strstr(strbuf_str(&text), "live  without MTBS (narrow terminal)"));
	assert_non_null(strstr(strbuf_str(&text), "BYTES"));
	assert_null(strstr(strbuf_str(&text), " MTBS\033"));
	screen_size(&s, 36, 10);
	frame(&s, samples, 1);
	screen_read(&s, &text);
	assert_non_null(strstr(strbuf_str(&text), "without BYTES, MTBS"));
	screen_size(&s, 80, 10);
	frame(&s, samples, 1);
	screen_read(&s, &text);
	assert_null(strstr(strbuf_str(&text), "narrow"));
	screen_close(&s);
	unsetenv("NO_COLOR");
}

/* A source that ends before its first redraw prints plainly. */
static void test_only_a_last_frame(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	screen_open(&s, (struct output_options){ .columns = LIST("pid") }, true, 40, 10);
	output_last_frame(s.out);
	frame(&s, samples, 1);
	assert_string_equal(screen_read(&s, &text),
			    "\033[1mout\033[0m\n\033[1m    PID\033[0m\n    100\n");
	screen_close(&s);
}

static void expect_header(const char *want, bool want_live)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	screen_open(&s, (struct output_options){ .columns = LIST("pid") }, true, 40, 10);
	assert_int_equal(output_is_live(s.out), want_live);
	output_last_frame(s.out);
	frame(&s, samples, 1);
	assert_string_equal(screen_read(&s, &text), want);
	screen_close(&s);
}

static void test_colour(void **state)
{
	(void)state;
	setenv("NO_COLOR", "1", 1);
	expect_header("out\n    PID\n    100\n", true);
	/* no-color.org: empty means as if unset */
	setenv("NO_COLOR", "", 1);
	expect_header("\033[1mout\033[0m\n\033[1m    PID\033[0m\n    100\n", true);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	expect_header("out\n    PID\n    100\n", false);
	unsetenv("TERM");
	expect_header("out\n    PID\n    100\n", false);
	setenv("TERM", "xterm", 1);
}

static void test_only_tables_are_redrawn(void **state)
{
	static const int formats[] = { OUTPUT_JSON, OUTPUT_CSV, OUTPUT_OPENMETRICS,
				       OUTPUT_CLASSIC };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct screen s = {};

		screen_open(&s, (struct output_options){ .format = formats[i] }, true, 40, 10);
		assert_false(output_is_live(s.out));
		screen_close(&s);
	}
}

/* The header comes again for each screenful; a row is there at once. */
static void test_stream(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	setenv("NO_COLOR", "1", 1);
	screen_open(&s, (struct output_options){ .columns = LIST("pid") }, false, 40, 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(output_row(s.out, samples, NULL), 0);
	assert_string_equal(screen_read(&s, &text),
			    "    PID\n    100\n    100\n    PID\n    100\n");
	screen_close(&s);
	unsetenv("NO_COLOR");
}

/* CSV keeps bytes as they are, but not on a terminal. */
static void test_csv_is_harmless(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	screen_open(&s,
		    (struct output_options){
			    .format = OUTPUT_CSV, .columns = LIST("comm"), .no_headers = true },
		    false, 40, 10);
	assert_int_equal(output_row(s.out, samples + 2, NULL), 0);
	assert_string_equal(screen_read(&s, &text), "\"a\\x1b[2J\\xff,\"\r\n");
	screen_close(&s);
}

/* A line without a size of its own: $COLUMNS, else 80. */
static void test_no_size(void **state)
{
	_strbuf_ struct strbuf text = {};
	struct screen s = {};

	(void)state;
	setenv("NO_COLOR", "1", 1);
	screen_open(&s, (struct output_options){ .columns = LIST("container"), .no_headers = true },
		    false, 0, 0);
	setenv("COLUMNS", "11", 1);
	frame(&s, samples + 1, 1);
	unsetenv("COLUMNS");
	frame(&s, samples + 1, 1);
	assert_string_equal(screen_read(&s, &text), "a-lon…ainer\na-long-name-of-a-container\n");
	screen_close(&s);
	unsetenv("NO_COLOR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_height),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_only_a_last_frame),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_only_tables_are_redrawn),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_csv_is_harmless),
		cmocka_unit_test(test_no_size),
	};

	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLUMNS");
	unsetenv("LINES");
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
