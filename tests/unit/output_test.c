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
#include <sys/wait.h>
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

static void test_wide_and_columns(void **state)
{
	struct output_options o = { .format = OUTPUT_WIDE, .columns = LIST("+direction", "pid") };
	struct sample one = samples[0];

	(void)state;
	expect_frame(
		&o, &one, 1,
		"out\n"
		"        TIME      PID  COMM  CONTAINER  REMOTE            BYTES     MTBS  DIR\n"
		"22:13:20.123      100  curl  web        10.0.0.1:443       1.5k    250ms  out\n");
	o.format = OUTPUT_TABLE;
	o.no_headers = true;
	o.columns = LIST("failed", "load", "mask", "delta", "cookie", "remote_addr", "remote_port");
	expect_frame(&o, samples, 3,
		     "no       12.5%  0xff00      -5  18446744073709551615  10.0.0.1    443\n"
		     "no        0.0%     0x0       0                     0  -             -\n"
		     "yes       0.0%     0x0       0                     0  fd00::1    8080\n");
}

static void test_empty_tables(void **state)
{
	struct output_options o = { .format = OUTPUT_TABLE, .columns = LIST("pid") };

	(void)state;
	/* nothing at all: both tables say so; one of two empty: only the other */
	expect_frame(&o, samples, 0, "out\n    PID\n(none)\n\nin\n    PID\n(none)\n");
	expect_frame(&o, samples + 1, 1, "in\n    PID\n4000000\n");
	o.no_headers = true;
	expect_frame(&o, samples, 0, "");
}

/* Columns that stretch give way in the middle; the others never do. */
static void test_narrow(void **state)
{
	struct output_options o = { .format = OUTPUT_TABLE, .columns = LIST("pid", "container") };
	struct sample s = samples[1];

	(void)state;
	setenv("COLUMNS", "35", 1);
	expect_frame(&o, &s, 1, "in\n    PID  CONTAINER\n4000000  a-long-name-of-a-container\n");
	setenv("COLUMNS", "34", 1);
	expect_frame(&o, &s, 1, "in\n    PID CONTAINER\n4000000 a-long-name-of-a-container\n");
	setenv("COLUMNS", "24", 1);
	expect_frame(&o, &s, 1, "in\n    PID CONTAINER\n4000000 a-long-n…ntainer\n");
	s.pid = 1;
	expect_frame(&o, &s, 1, "in\nPID CONTAINER\n  1 a-long-nam…container\n");
	s.container =
		"h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9h\xc3\xa9";
	setenv("COLUMNS", "18", 1);
	expect_frame(
		&o, &s, 1,
		"in\nPID CONTAINER\n  1 h\xc3\xa9h\xc3\xa9h\xc3\xa9h…h\xc3\xa9h\xc3\xa9h\xc3\xa9\n");
	setenv("COLUMNS", "5", 1);
	expect_frame(&o, &s, 1, "in\nPID CONTAINER\n  1 h\xc3\xa9h\xc3\xa9…h\xc3\xa9h\xc3\xa9\n");
	unsetenv("COLUMNS");
}

static void test_json(void **state)
{
	struct output_options o = { .format = OUTPUT_JSON };
	const struct output_loss losses[] = { { "ring full", 3 },
					      { "map full", 0 },
					      { "ring full", 1 } };
	const struct output_summary summary = { "flows", 20, losses, 3 };
	_free_ char *text = frame_of(&o, samples, 3, &summary);

	(void)state;
	assert_string_equal(
		text,
		"{\"type\":\"sample\",\"time\":\"2023-11-14T22:13:20.123456789Z\",\"pid\":100,"
		"\"comm\":\"curl\",\"container\":\"web\",\"remote_addr\":\"10.0.0.1\",\"remote_port\":443,"
		"\"bytes\":1536,\"mtbs_ns\":250000000,\"errors\":null,"
		"\"cookie\":\"18446744073709551615\",\"mask\":\"0xff00\",\"delta\":-5,\"load\":12.5,"
		"\"failed\":false,\"direction\":\"out\"}\n"
		"{\"type\":\"sample\",\"time\":\"2023-11-14T22:13:21.000000000Z\",\"pid\":4000000,"
		"\"comm\":\"nginx-wo\",\"container\":\"a-long-name-of-a-container\","
		"\"remote_addr\":\"fd00::1\",\"remote_port\":8080,\"bytes\":2147483648,"
		"\"mtbs_ns\":1500000000,\"errors\":null,\"cookie\":\"0\",\"mask\":\"0x0\",\"delta\":0,"
		"\"load\":0,\"failed\":true,\"direction\":\"in\"}\n"
		"{\"type\":\"sample\",\"time\":null,\"pid\":22,\"comm\":\"a\\u001b[2J\xef\xbf\xbd,\","
		"\"container\":null,\"remote_addr\":null,\"remote_port\":null,\"bytes\":10,"
		"\"mtbs_ns\":null,\"errors\":3,\"cookie\":\"0\",\"mask\":\"0x0\",\"delta\":0,\"load\":0,"
		"\"failed\":false,\"direction\":\"out\"}\n"
		"{\"type\":\"summary\",\"records\":3,\"seen\":20,\"lost\":4,"
		"\"losses\":{\"ring full\":4,\"map full\":0}}\n");
	o.columns = LIST("pid", "remote");
	expect_frame(&o, samples, 1,
		     "{\"type\":\"sample\",\"pid\":100,\"remote\":\"10.0.0.1:443\"}\n");
}

/* What has no name in an enum is still text in JSON, as all values of that field. */
static void test_unnamed_value(void **state)
{
	struct output_options o = { .format = OUTPUT_JSON, .columns = LIST("direction", "load") };
	struct sample s = samples[0];

	(void)state;
	s.direction = 7;
	s.load = NAN;
	expect_frame(&o, &s, 1, "{\"type\":\"sample\",\"direction\":\"7\",\"load\":null}\n");
}

static void test_csv(void **state)
{
	struct output_options o = { .format = OUTPUT_CSV,
				    .columns = LIST("pid", "comm", "container", "remote_addr",
						    "time", "failed") };
	struct sample s = samples[2];

	(void)state;
	s.container = "say \"hi\"\n";
	expect_frame(&o, samples, 1,
		     "pid,comm,container,remote_addr,time,failed\r\n"
		     "100,curl,web,10.0.0.1,2023-11-14T22:13:20.123456789Z,false\r\n");
	o.no_headers = true;
	expect_frame(&o, &s, 1, "22,\"a\033[2J\xff,\",\"say \"\"hi\"\"\n\",,,false\r\n");
}

static void test_classic(void **state)
{
	struct output_options o = { .format = OUTPUT_CLASSIC, .sort = LIST("-pid") };

	(void)state;
	expect_frame(&o, samples, 3, "3 of old: 22 100 4000000\n");
}

static void test_metrics(void **state)
{
	struct output_options o = { .format = OUTPUT_OPENMETRICS };
	const struct output_loss losses[] = { { "ring \"full\"", 3 } };
	const struct output_summary summary = { "flows", 20, losses, 1 };
	struct sample rows[4] = { samples[0], samples[1], samples[2], samples[0] };
	_free_ char *text = NULL;

	(void)state;
	rows[3].bytes = 4;
	rows[1].container = "q\"b\\n\n\xff";
	text = frame_of(&o, rows, 4, &summary);
	assert_string_equal(
		text,
		"# TYPE skep_sample_bytes counter\n"
		"# UNIT skep_sample_bytes bytes\n"
		"# HELP skep_sample_bytes payload\n"
		"skep_sample_bytes_total{pid=\"100\",container=\"web\"} 1540\n"
		"skep_sample_bytes_total{pid=\"4000000\",container=\"q\\\"b\\\\n\\n\xef\xbf\xbd\"} "
		"2147483648\n"
		"skep_sample_bytes_total{pid=\"22\"} 10\n"
		"# TYPE skep_sample_mtbs_seconds gauge\n"
		"# UNIT skep_sample_mtbs_seconds seconds\n"
		"# HELP skep_sample_mtbs_seconds mean time \\\"between\\\" calls\n"
		"skep_sample_mtbs_seconds{pid=\"100\",container=\"web\"} 0.500000000\n"
		"skep_sample_mtbs_seconds{pid=\"4000000\",container=\"q\\\"b\\\\n\\n\xef\xbf\xbd\"} "
		"1.500000000\n"
		"# TYPE skep_sample_errors counter\n"
		"# HELP skep_sample_errors failed calls\n"
		"skep_sample_errors_total{pid=\"100\",container=\"web\"} 0\n"
		"skep_sample_errors_total{pid=\"4000000\",container=\"q\\\"b\\\\n\\n\xef\xbf\xbd\"} 0\n"
		"skep_sample_errors_total{pid=\"22\"} 3\n"
		"# TYPE skep_lost counter\n"
		"# HELP skep_lost Records lost, by reason\n"
		"skep_lost_total{source=\"sample\",reason=\"ring \\\"full\\\"\"} 3\n"
		"# EOF\n");
	free(TAKE_PTR(text));
	o.columns = LIST("bytes");
	text = frame_of(&o, rows, 4, NULL);
	assert_non_null(strstr(text, "\nskep_sample_bytes_total 2147485198\n# EOF\n"));
}

/* 1,500 label sets: the 1,000 biggest stay, the sum of the others is one series, nothing is lost. */
static void test_metrics_are_bounded(void **state)
{
	enum { COUNT = 1500 };
	struct output_options o = { .format = OUTPUT_OPENMETRICS, .columns = LIST("pid", "bytes") };
	_free_ struct sample *rows = calloc(COUNT, sizeof(*rows));
	_free_ char *text = NULL;
	unsigned int series = 0;

	(void)state;
	assert_non_null(rows);
	for (unsigned int i = 0; i < COUNT; i++)
		rows[i] = (struct sample){ .pid = i + 1, .bytes = i + 1 };
	text = frame_of(&o, rows, COUNT, NULL);
	for (const char *p = text; (p = strstr(p, "\nskep_sample_bytes_total{")); p++)
		series++;
	assert_int_equal(series, 1001);
	assert_non_null(strstr(text, "\nskep_sample_bytes_total{pid=\"501\"} 501\n"));
	assert_null(strstr(text, "pid=\"500\""));
	/* 1 + ... + 500 */
	assert_non_null(strstr(text, "\nskep_sample_bytes_total{pid=\"other\"} 125250\n"));
}

static void test_sort_and_top(void **state)
{
	struct output_options o = { .format = OUTPUT_CSV,
				    .no_headers = true,
				    .columns = LIST("pid"),
				    .sort = LIST("bytes") };

	(void)state;
	expect_frame(&o, samples, 3, "4000000\r\n100\r\n22\r\n");
	o.sort = LIST("-bytes");
	expect_frame(&o, samples, 3, "22\r\n100\r\n4000000\r\n");
	/* text ascends, a missing one is last either way */
	o.sort = LIST("container");
	expect_frame(&o, samples, 3, "4000000\r\n100\r\n22\r\n");
	o.sort = LIST("-container");
	expect_frame(&o, samples, 3, "100\r\n4000000\r\n22\r\n");
	o.sort = LIST("time");
	expect_frame(&o, samples, 3, "4000000\r\n100\r\n22\r\n");
	o.sort = LIST("-delta");
	expect_frame(&o, samples, 3, "100\r\n4000000\r\n22\r\n");
	/* the names of an enum as text: "in" before "out"; then the second key */
	o.sort = LIST("direction", "bytes");
	expect_frame(&o, samples, 3, "4000000\r\n100\r\n22\r\n");
	o.sort = LIST("remote_addr");
	expect_frame(&o, samples, 3, "100\r\n4000000\r\n22\r\n");
	o.top = 2;
	o.sort = LIST("pid");
	expect_frame(&o, samples, 3, "4000000\r\n100\r\n");
	o.sort = (struct option_list){};
	expect_frame(&o, samples, 3, "100\r\n4000000\r\n");
	o.top = 3;
	o.where = "bytes > 11";
	expect_frame(&o, samples, 3, "100\r\n4000000\r\n");
}

static int compare_samples(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->load != y->load)
		return x->load < y->load ? 1 : -1;
	if (x->delta != y->delta)
		return x->delta < y->delta ? 1 : -1;
	/* the pid counts up in order of arrival: equal rows keep it */
	return x->pid < y->pid ? -1 : 1;
}

/* 5,000 random rows with many ties, for several --top, against a plain sort. */
static void test_top_of_many(void **state)
{
	enum { COUNT = 5000 };
	static const size_t tops[] = { 0, 1, 7, 2500, COUNT - 1, COUNT, COUNT + 1 };
	_free_ struct sample *rows = calloc(COUNT, sizeof(*rows));
	_free_ struct sample *sorted = calloc(COUNT, sizeof(*rows));
	struct output_options o = { .format = OUTPUT_CSV,
				    .no_headers = true,
				    .columns = LIST("pid"),
				    .sort = LIST("load", "delta") };
	uint32_t seed = 3;

	(void)state;
	assert_true(rows && sorted);
	for (uint32_t i = 0; i < COUNT; i++) {
		seed = seed * 1664525 + 1013904223;
		rows[i].pid = i;
		rows[i].load = (int)(seed >> 24) % 40 - 20;
		rows[i].delta = (int)(seed >> 16 & 255) % 5 - 2;
	}
	memcpy(sorted, rows, COUNT * sizeof(*rows));
	qsort(sorted, COUNT, sizeof(*sorted), compare_samples);
	for (size_t t = 0; t < ARRAY_SIZE(tops); t++) {
		size_t want = tops[t] && tops[t] < COUNT ? tops[t] : COUNT;
		_strbuf_ struct strbuf text = {};

		for (size_t i = 0; i < want; i++)
			strbuf_addf(&text, "%u\r\n", sorted[i].pid);
		o.top = tops[t];
		expect_frame(&o, rows, COUNT, strbuf_str(&text));
	}
}

static void test_where_counts(void **state)
{
	struct output_options o = { .format = OUTPUT_JSON,
				    .columns = LIST("pid"),
				    .where = "container == web" };
	const struct output_summary summary = { "flows", 3, NULL, 0 };
	_free_ char *text = frame_of(&o, samples, 3, &summary);

	(void)state;
	assert_string_equal(
		text, "{\"type\":\"sample\",\"pid\":100}\n"
		      "{\"type\":\"summary\",\"records\":1,\"seen\":3,\"lost\":0,\"losses\":{}}\n");
}

/* Rows one by one. */
static char *stream_of(struct output_options *o, const struct sample *rows, size_t count)
{
	_free_ char *path = path_of("stream");
	CLEANUP(output_cleanup) struct output *out = NULL;
	char *text = NULL;

	o->file = path;
	assert_int_equal(output_open(o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(output_stream(out, NULL), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(output_row(out, &rows[i], NULL), 0);
	assert_int_equal(output_finish(out, NULL, NULL), 0);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 24, &text, NULL), 0);
	unlink(path);
	o->file = NULL;
	return text;
}

static void test_stream(void **state)
{
	struct output_options o = { .columns = LIST("pid", "container", "errors") };
	_free_ char *table = stream_of(&o, samples, 3);
	_free_ char *json = NULL;

	(void)state;
	/* a wide cell moves its own line and those behind it */
	assert_string_equal(table, "    PID  CONTAINER  ERRORS\n"
				   "    100  web             -\n"
				   "4000000  a-long-name-of-a-container       -\n"
				   "     22  -                                3\n");
	o.format = OUTPUT_JSON;
	json = stream_of(&o, samples, 1);
	assert_string_equal(
		json, "{\"type\":\"sample\",\"pid\":100,\"container\":\"web\",\"errors\":null}\n");
}

static void expect_refused(struct output_options o, const char *want)
{
	CLEANUP(output_cleanup) struct output *out = NULL;
	struct error err = {};

	assert_int_equal(output_open(&o, &sample_schema, false, &out, &err), -EINVAL);
	assert_string_equal(err.message, want);
	assert_null(out);
}

static void expect_no_stream(struct output_options o, const char *want)
{
	CLEANUP(output_cleanup) struct output *out = NULL;
	struct error err = {};

	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(output_stream(out, &err), -EINVAL);
	assert_string_equal(err.message, want);
	assert_int_equal(output_row(out, samples, NULL), -EINVAL);
}

static void test_wrong_use(void **state)
{
	_free_ char *path = path_of("kept");
	struct stat st;

	(void)state;
	expect_refused((struct output_options){ .columns = LIST("pid", "contaner") },
		       "--columns: unknown field contaner; did you mean container?");
	expect_refused((struct output_options){ .columns = LIST("+xyzzy") },
		       "--columns: unknown field \"xyzzy\"; --schema lists the fields");
	expect_refused((struct output_options){ .columns = LIST("") },
		       "--columns: unknown field \"\"; --schema lists the fields");
	expect_refused((struct output_options){ .sort = LIST("-byts") },
		       "--sort: unknown field byts; did you mean bytes?");
	/* the file is not touched by a wrong filter */
	expect_refused((struct output_options){ .where = "pid == web", .file = path },
		       "--where: column 8: pid is a number; \"web\" is text");
	assert_int_equal(stat(path, &st), -1);
	expect_no_stream((struct output_options){ .sort = LIST("pid") },
			 "--sort needs a whole snapshot, not single records");
	expect_no_stream((struct output_options){ .top = 3 },
			 "--top needs a whole snapshot, not single records");
	expect_no_stream((struct output_options){ .format = OUTPUT_OPENMETRICS },
			 "-o openmetrics shows a whole snapshot, not single records");
	expect_no_stream((struct output_options){ .format = OUTPUT_CLASSIC },
			 "-o classic shows a whole snapshot, not single records");
}

static void test_forms_that_a_schema_lacks(void **state)
{
	static const struct field fields[] = { FIELD(struct sample, pid, "PID", 7, "process") };
	struct schema plain = sample_schema;
	struct output_options o = { .format = OUTPUT_CLASSIC };
	struct output *out = NULL;
	struct error err = {};

	(void)state;
	plain.classic = NULL;
	assert_int_equal(output_open(&o, &plain, false, &out, &err), -EINVAL);
	assert_string_equal(err.message, "-o classic: there is no such form of sample");
	o.format = OUTPUT_OPENMETRICS;
	plain.fields = fields;
	plain.count = 1;
	assert_int_equal(output_open(&o, &plain, false, &out, &err), -EINVAL);
	assert_string_equal(err.message, "-o openmetrics: there are no metrics of sample");
}

/* The errno comes once, from the call that met it; the others are quiet and succeed. */
static int write_until_it_fails(struct output *out, unsigned int rows, struct error *err)
{
	unsigned int failures = 0;
	int first = 0;

	for (unsigned int i = 0; i < rows + 2; i++) {
		struct error now = {};
		int r = i < rows    ? output_row(out, samples, &now)
			: i == rows ? output_flush(out, &now)
				    : output_finish(out, NULL, &now);

		assert_int_equal(r, now.code);
		if (r && !failures++) {
			first = r;
			*err = now;
		}
	}
	assert_int_equal(failures, 1);
	return first;
}

static void test_full_disk(void **state)
{
	static const enum output_format formats[] = { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };
	struct error err = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct output_options o = { .format = (int)formats[i], .file = "/dev/full" };
		/* one row is met by the flush, many by a row */
		for (unsigned int rows = 1; rows < 10000; rows *= 5000) {
			CLEANUP(output_cleanup) struct output *out = NULL;

			assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
			assert_int_equal(write_until_it_fails(out, rows, &err), -ENOSPC);
			assert_string_equal(err.message, "/dev/full: No space left on device");
		}
	}
}

static void test_full_disk_at_the_end(void **state)
{
	struct output_options o = { .format = OUTPUT_OPENMETRICS, .file = "/dev/full" };
	CLEANUP(output_cleanup) struct output *out = NULL;
	struct error err = {};

	(void)state;
	/* a device is written to, not replaced */
	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(output_frame_begin(out), 0);
	assert_int_equal(output_row(out, samples, NULL), 0);
	assert_int_equal(output_frame_end(out, NULL), 0);
	assert_int_equal(output_finish(out, NULL, &err), -ENOSPC);
	assert_int_equal(access("/dev/full", F_OK), 0);
}

static void test_cut_pipe(void **state)
{
	struct output_options o = { .format = OUTPUT_JSON };
	CLEANUP(output_cleanup) struct output *out = NULL;
	_close_ int saved = dup(STDOUT_FILENO);
	struct error err = {};
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dup2(pipes[1], STDOUT_FILENO), STDOUT_FILENO);
	close(pipes[1]);
	close(pipes[0]);
	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(write_until_it_fails(out, 1, &err), -EPIPE);
	assert_string_equal(err.message, "standard output: Broken pipe");
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
}

/* A reader slower than we are, on a descriptor that someone made non-blocking: nothing is lost. */
static void test_slow_reader(void **state)
{
	enum { ROWS = 20000 };
	struct output_options o = { .format = OUTPUT_CSV,
				    .columns = LIST("pid"),
				    .no_headers = true };
	CLEANUP(output_cleanup) struct output *out = NULL;
	char chunk[512];
	size_t got = 0;
	int pipes[2], status = -1;
	ssize_t n;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		bool ok;

		dup2(pipes[1], STDOUT_FILENO);
		ok = !output_open(&o, &sample_schema, false, &out, NULL);
		for (int i = 0; i < ROWS && ok; i++)
			ok = !output_row(out, samples, NULL);
		_exit(ok && !output_finish(out, NULL, NULL) ? 0 : 1);
	}
	close(pipes[1]);
	assert_int_equal(fcntl(pipes[0], F_SETFL, 0), 0);
	while ((n = read(pipes[0], chunk, sizeof(chunk))) > 0)
		got += (size_t)n;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(got, ROWS * strlen("100\r\n"));
	close(pipes[0]);
}

static void test_file_too_big(void **state)
{
	_free_ char *path = path_of("big");
	struct output_options o = { .format = OUTPUT_CSV, .file = path };
	CLEANUP(output_cleanup) struct output *out = NULL;
	struct rlimit before, small;
	struct error err = {};

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(write_until_it_fails(out, 5000, &err), -EFBIG);
	assert_non_null(strstr(err.message, "/big: File too large"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	unlink(path);
}

static void test_unopenable(void **state)
{
	static const int formats[] = { OUTPUT_JSON, OUTPUT_OPENMETRICS };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct output_options o = { .format = formats[i], .file = "/nonexistent/x" };
		struct output *out = NULL;
		struct error err = {};

		assert_int_equal(output_open(&o, &sample_schema, false, &out, &err), -ENOENT);
		assert_string_equal(err.message, "/nonexistent/x: No such file or directory");
	}
}

/* Names in the test's folder. */
static size_t files_there(void)
{
	_dir_ DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	return count;
}

/* Textfile collectors read at any moment: the name holds the old or the new whole file. */
static void test_metrics_file_is_replaced(void **state)
{
	_free_ char *path = path_of("m.prom"), *text = NULL;
	struct output_options o = { .format = OUTPUT_OPENMETRICS, .file = path };
	struct output *out = NULL;
	mode_t old = umask(027);
	struct stat st;

	(void)state;
	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(files_there(), 1);
	assert_int_equal(output_finish(out, NULL, NULL), 0);
	output_free(out);
	assert_int_equal(files_there(), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	umask(old);
	/* one that never finishes leaves the old one, and nothing beside it */
	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	output_free(out);
	assert_int_equal(files_there(), 1);
	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, NULL), 0);
	assert_string_equal(text, "# EOF\n");
	unlink(path);
}

static void test_link_is_kept(void **state)
{
	_free_ char *path = path_of("m.prom"), *link = path_of("link.prom"), *text = NULL;
	struct output_options o = { .format = OUTPUT_OPENMETRICS, .file = link };
	struct output *out = NULL;
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink("m.prom", link), 0);
	assert_int_equal(output_open(&o, &sample_schema, false, &out, NULL), 0);
	assert_int_equal(output_finish(out, NULL, NULL), 0);
	output_free(out);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, NULL), 0);
	assert_string_equal(text, "# EOF\n");
	unlink(link);
	unlink(path);
}

/* What people read on stderr at the end. */
static void expect_said(size_t count, const struct output_summary *summary, const char *want)
{
	_free_ char *path = path_of("said"), *frame = NULL, *text = NULL;
	struct output_options o = { .format = OUTPUT_TABLE };
	_close_ int saved = dup(STDERR_FILENO), fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	log_set_level(LOG_INFO);
	frame = frame_of(&o, samples, count, summary);
	log_set_level(LOG_ERROR);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, NULL), 0);
	assert_string_equal(text, want);
	unlink(path);
}

static void test_said_at_the_end(void **state)
{
	const struct output_loss losses[] = { { "ring full", 3 },
					      { "map full", 0 },
					      { "late", 2 } };

	(void)state;
	expect_said(3, &(struct output_summary){ "flows", 3, NULL, 0 }, "skep: 3 flows, 0 lost\n");
	expect_said(1, &(struct output_summary){ "flows", 20000, losses + 1, 1 },
		    "skep: 1 flow, 20000 seen, 0 lost\n");
	expect_said(0, &(struct output_summary){ "flows", 7, losses, 3 },
		    "skep: warning: 0 flows, 7 seen, 5 lost (ring full 3, late 2)\n");
	expect_said(0, NULL, "");
}

/* Frame after frame in a file: tables stand apart, lines add up. */
static void test_frames_in_a_file(void **state)
{
	_free_ char *path = path_of("frames"), *text = NULL;
	struct output_options o = { .columns = LIST("pid"), .file = path };
	CLEANUP(output_cleanup) struct output *out = NULL;

	(void)state;
	assert_int_equal(output_open(&o, &sample_schema, true, &out, NULL), 0);
	assert_false(output_is_live(out));
	output_status(out, "not in files");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(output_frame_begin(out), 0);
		assert_int_equal(output_row(out, &samples[i], NULL), 0);
		assert_int_equal(output_frame_end(out, NULL), 0);
	}
	assert_int_equal(output_finish(out, NULL, NULL), 0);
	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, NULL), 0);
	assert_string_equal(text, "out\n    PID\n    100\n\nin\n    PID\n4000000\n");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_auto_columns),
		cmocka_unit_test(test_wide_and_columns),
		cmocka_unit_test(test_empty_tables),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_unnamed_value),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_classic),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_metrics_are_bounded),
		cmocka_unit_test(test_sort_and_top),
		cmocka_unit_test(test_top_of_many),
		cmocka_unit_test(test_where_counts),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_forms_that_a_schema_lacks),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_full_disk_at_the_end),
		cmocka_unit_test(test_cut_pipe),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_file_too_big),
		cmocka_unit_test(test_unopenable),
		cmocka_unit_test(test_metrics_file_is_replaced),
		cmocka_unit_test(test_link_is_kept),
		cmocka_unit_test(test_said_at_the_end),
		cmocka_unit_test(test_frames_in_a_file),
	};
	int failed;

	setenv("TZ", "UTC", 1);
	unsetenv("COLUMNS");
	log_set_level(LOG_ERROR);
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests_name("output", tests, NULL, NULL);
	/* fails when a test left a file behind */
	if (rmdir(folder))
		failed++;
	return failed;
}
