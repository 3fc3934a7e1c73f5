// SPDX-License-Identifier: GPL-2.0-or-later
/* Each form of the output as exact text, in files; then the ways in which writing fails. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/log.h"
#include "output_sample.h"

static char folder[] = "/tmp/skep-output-XXXXXX";

static char *path_of(const char *name)
{
	return str_printf("%s/%s", folder, name);
}

/* What a run of `count` samples in one frame writes. The caller frees. */
static char *frame_of(struct output_options *o, const struct sample *rows, size_t count,
		      const struct output_summary *summary)
{
	_free_ char *path = path_of("frame");
	CLEANUP(output_cleanup) struct output *out = NULL;
	struct error err = {};
	char *text = NULL;
	size_t len = 0;

	o->file = path;
	if (output_open(o, &sample_schema, false, &out, &err))
		fail_msg("%s", err.message);
	assert_false(output_is_live(out));
	assert_int_equal(output_frame_begin(out), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(output_row(out, &rows[i], &err), 0);
	assert_int_equal(output_frame_end(out, &err), 0);
	assert_int_equal(output_finish(out, summary, &err), 0);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 24, &text, &len), 0);
	assert_int_equal(strlen(text), len);
	unlink(path);
	o->file = NULL;
	return text;
}

static void expect_frame(struct output_options *o, const struct sample *rows, size_t count,
			 const char *want)
{
	_free_ char *text = frame_of(o, rows, count, NULL);

	assert_string_equal(text, want);
}

/* --columns or --sort, as the option parser fills it. */
#define LIST(...)                                               \
	((struct option_list){ (const char *[]){ __VA_ARGS__ }, \
			       ARRAY_SIZE(((const char *[]){ __VA_ARGS__ })) })

static void test_table(void **state)
{
	struct output_options o = { .format = OUTPUT_TABLE };

	(void)state;
	expect_frame(
		&o, samples, 3,
		"out\n"
		"    PID  COMM           CONTAINER                   REMOTE            BYTES     MTBS  ERRORS\n"
		"    100  curl           web                         10.0.0.1:443       1.5k    250ms       -\n"
		"     22  a\\x1b[2J\\xff,  -                           *:0                  10        -       3\n"
		"\n"
		"in\n"
		"    PID  COMM           CONTAINER                   REMOTE            BYTES     MTBS  ERRORS\n"
		"4000000  nginx-wo       a-long-name-of-a-container  [fd00::1]:8080     2.0G    1.50s       -\n");
}

static void test_auto_columns(void **state)
{
	struct output_options o = { .format = OUTPUT_TABLE, .columns = LIST("pid", "errors") };
	struct sample quiet = samples[0];

	(void)state;
	/* named: there, even without a value */
	expect_frame(&o, &quiet, 1, "out\n    PID  ERRORS\n    100       -\n");
	o.columns = (struct option_list){};
	expect_frame(&o, &quiet, 1,
		     "out\n"
		     "    PID  COMM  CONTAINER  REMOTE            BYTES     MTBS\n"
		     "    100  curl  web        10.0.0.1:443       1.5k    250ms\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_auto_columns),
	};
	int failed;

	setenv("TZ", "UTC", 1);
	unsetenv("COLUMNS");
	log_set_level(LOG_ERROR);
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests_name("output", tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
