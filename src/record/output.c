// SPDX-License-Identifier: GPL-2.0-or-later
/* What all formats have in common: options, the file, filter, frames, order, the end. */
#include "record/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/log.h"
#include "record/sink.h"

static const char *const format_names[] = { "table",	   "wide",    "json", "csv",
					    "openmetrics", "classic", NULL };
_Static_assert(ARRAY_SIZE(format_names) == OUTPUT_CLASSIC + 2, "a name for each format");

#define MS  1000000ULL
#define DAY (86400ULL * 1000 * MS)

const struct option_spec output_option_table[] = {
	OPTION_CHOICE('o', "output", struct output_options, format, "FORMAT", format_names, "table",
		      "form of the output"),
	OPTION_STRING(0, "output-file", struct output_options, file, "FILE",
		      "write to FILE instead of standard output", .hint = HINT_FILE),
	OPTION_LIST(0, "columns", struct output_options, columns, "FIELDS",
		    "show these fields (a,b,c), or these too (+a,b)", .hint = HINT_FIELD),
	OPTION_STRING(0, "where", struct output_options, where, "EXPR",
		      "only records that match, as 'bytes > 1M && container == web'"),
	OPTION_LIST(0, "sort", struct output_options, sort, "FIELDS",
		    "order by these fields, numbers descending; -field turns it",
		    .hint = HINT_FIELD),
	OPTION_U64(0, "top", struct output_options, top, "N", "0",
		   "only the first N of a frame (0: all)"),
	OPTION_DURATION(0, "interval", struct output_options, interval_ns, "TIME", "1s",
			"time between two frames", .min = 10 * MS, .max = DAY),
	OPTION_DURATION(0, "duration", struct output_options, duration_ns, "TIME", "0",
			"end after TIME (0: at Ctrl-C)"),
	OPTION_FLAG(0, "schema", struct output_options, schema,
		    "print the fields of the records, with types, and end"),
	OPTION_FLAG(0, "no-headers", struct output_options, no_headers,
		    "no titles and column headers"),
	OPTION_END
};

static const struct sink *const sinks[] = {
	[OUTPUT_TABLE] = &table_sink,	      [OUTPUT_WIDE] = &table_sink,
	[OUTPUT_JSON] = &json_sink,	      [OUTPUT_CSV] = &csv_sink,
	[OUTPUT_OPENMETRICS] = &metrics_sink, [OUTPUT_CLASSIC] = &classic_sink,
};

/* Beside the file that it will replace; a left-over of a killed run is no obstacle. */
static int open_temporary(struct output *out, const char *path, struct error *err)
{
	struct writer *w = &out->writer;

	out->rename_to = realpath(path, NULL);
	if (!out->rename_to)
		out->rename_to = strdup(path);
	out->rename_from = out->rename_to ? str_printf("%s.%d.tmp", out->rename_to, (int)getpid())
					  : NULL;
	if (!out->rename_from)
		return error_errno(err, -ENOMEM, "%s", path);
	for (int again = 0; again < 2; again++) {
		w->fd = open(out->rename_from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (w->fd >= 0 || errno != EEXIST)
			break;
		unlink(out->rename_from);
	}
	if (w->fd < 0) {
		int r = error_errno(err, -errno, "%s", path);

		/* there is nothing of ours to remove */
		free(TAKE_PTR(out->rename_from));
		return r;
	}
	return 0;
}

static int open_writer(struct output *out, const char *path, struct error *err)
{
	struct writer *w = &out->writer;
	struct stat st;
	int r = 0;

	w->name = strdup(path ? path : "standard output");
	if (!w->name)
		return error_errno(err, -ENOMEM, "output");
	if (!path) {
		w->fd = STDOUT_FILENO;
		return 0;
	}
	w->owned = true;
	/* a device or a pipe is never replaced */
	if (out->format == OUTPUT_OPENMETRICS && (stat(path, &st) || S_ISREG(st.st_mode)))
		return open_temporary(out, path, err);
	w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (w->fd < 0)
		r = error_errno(err, -errno, "%s", path);
	return r;
}

static void ignore_unless_handled(int number)
{
	struct sigaction now;

	if (!sigaction(number, NULL, &now) && now.sa_handler == SIG_DFL)
		signal(number, SIG_IGN);
}

static bool has_metrics(const struct schema *schema)
{
	for (size_t i = 0; i < schema->count; i++) {
		if (schema->fields[i].metric >= METRIC_COUNTER)
			return true;
	}
	return false;
}

static int check_options(struct output *out, const struct output_options *options,
			 struct error *err)
{
	const struct schema *schema = out->schema;
	int r = 0;

	if (out->format == OUTPUT_CLASSIC && !schema->classic)
		return error_set(err, -EINVAL, "-o classic: there is no such form of %s",
				 schema->name);
	if (out->format == OUTPUT_OPENMETRICS && !has_metrics(schema))
		return error_set(err, -EINVAL, "-o openmetrics: there are no metrics of %s",
				 schema->name);
	if (options->where && *options->where) {
		r = where_parse(options->where, schema, &out->where, err);
		if (r)
			return error_wrap(err, "--where"), r;
	}
	r = columns_choose(out, options, err);
	if (!r)
		r = sort_choose(out, options, err);
	return r;
}

int output_open(const struct output_options *options, const struct schema *schema, bool live,
		struct output **ret, struct error *err)
{
	CLEANUP(output_cleanup) struct output *out = calloc(1, sizeof(*out));
	int r;

	if (!out)
		return error_errno(err, -ENOMEM, "output");
	out->writer.fd = -1;
	out->schema = schema;
	out->format = (enum output_format)options->format;
	out->sink = sinks[out->format];
	out->top = options->top;
	out->headers = !options->no_headers;
	/* complain about wrong use before a file is touched */
	r = check_options(out, options, err);
	if (!r)
		r = open_writer(out, options->file, err);
	if (r)
		return r;
	ignore_unless_handled(SIGPIPE);
	ignore_unless_handled(SIGXFSZ);
	out->terminal = isatty(out->writer.fd);
	out->colour = out->terminal && terminal_has_colour();
	out->live = live && out->terminal && out->sink == &table_sink && terminal_can_redraw();
	if (out->sink->begin)
		out->sink->begin(out);
	if (out->writer.buf.failed)
		return error_errno(err, -ENOMEM, "output");
	*ret = TAKE_PTR(out);
	return 0;
}

void output_free(struct output *out)
{
	if (!out)
		return;
	if (out->sink->free)
		out->sink->free(out);
	if (out->writer.owned)
		fd_cleanup(&out->writer.fd);
	if (out->rename_from)
		unlink(out->rename_from);
	free(out->rename_from);
	free(out->rename_to);
	free(out->writer.name);
	strbuf_free(&out->writer.buf);
	strbuf_free(&out->status);
	where_free(out->where);
	free(out->columns);
	free(out->keys);
	free(out->records);
	free(out->rows);
	free(out);
}

bool output_is_live(const struct output *out)
{
	return out->live;
}

bool output_wants(const struct output *out, const void *record)
{
	return where_match(out->where, record);
}

void output_last_frame(struct output *out)
{
	out->last = true;
}

void output_status(struct output *out, const char *fmt, ...)
{
	va_list ap;

	if (!out->live)
		return;
	strbuf_reset(&out->status);
	va_start(ap, fmt);
	strbuf_vaddf(&out->status, fmt, ap);
	va_end(ap);
}

int output_stream(struct output *out, struct error *err)
{
	if (!out->sink->row)
		return error_set(err, -EINVAL, "-o %s shows a whole snapshot, not single records",
				 format_names[out->format]);
	if (out->keys_count)
		return error_set(err, -EINVAL, "--sort needs a whole snapshot, not single records");
	if (out->top)
		return error_set(err, -EINVAL, "--top needs a whole snapshot, not single records");
	out->streaming = true;
	return 0;
}

static int frame_add(struct output *out, const void *record)
{
	size_t size = out->schema->record_size;
	char *records = vec_grow(out->records, &out->size, out->count + 1, size);

	if (!records)
		return -ENOMEM;
	out->records = records;
	memcpy(out->records + out->count * size, record, size);
	out->count++;
	return 0;
}

int output_row(struct output *out, const void *record, struct error *err)
{
	int r;

	if (!where_match(out->where, record))
		return 0;
	if (out->in_frame) {
		r = frame_add(out, record);
		return r ? error_errno(err, r, "records of a frame") : 0;
	}
	if (!out->streaming) {
		r = output_stream(out, err);
		if (r)
			return r;
	}
	if (out->writer.failed)
		return 0;
	out->sink->row(out, record);
	out->shown++;
	/* who looks at a terminal wants to see it now */
	return out->terminal ? writer_flush(&out->writer, err) : writer_spill(&out->writer, err);
}

int output_frame_begin(struct output *out)
{
	out->in_frame = true;
	out->count = 0;
	return 0;
}

/* One line at a time, so that 60,000 of them never stand in memory at once. */
static int frame_by_rows(struct output *out, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < count && !r; i++) {
		out->sink->row(out, out->rows[i].record);
		r = writer_spill(&out->writer, err);
	}
	return r;
}

int output_frame_end(struct output *out, struct error *err)
{
	size_t count = out->count, size = out->schema->record_size;
	struct row *rows;
	int r = 0;

	out->in_frame = false;
	if (out->writer.failed)
		return 0;
	rows = vec_grow(out->rows, &out->rows_size, count + 1, sizeof(*rows));
	if (!rows)
		return error_errno(err, -ENOMEM, "records of a frame");
	out->rows = rows;
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct row){ .record = out->records + i * size };
	rows_rank(out, rows, count);
	if (out->top && out->top < count) {
		rows_select(out, rows, count, out->top);
		count = out->top;
	} else if (!out->sink->lazy_sort) {
		rows_select(out, rows, count, count);
	}
	if (out->sink->frame)
		out->sink->frame(out, rows, count);
	else
		r = frame_by_rows(out, count, err);
	/* lines add up; a table is redrawn, and a snapshot replaces the one before */
	out->shown = out->sink->row && !out->live ? out->shown + count : count;
	return r ? r : writer_flush(&out->writer, err);
}

int output_flush(struct output *out, struct error *err)
{
	return writer_flush(&out->writer, err);
}

void losses_each(const struct output_summary *summary, uint64_t *ret_total,
		 void (*fn)(const char *reason, uint64_t count, void *context), void *context)
{
	const struct output_loss *l = summary->losses;
	uint64_t total = 0;

	for (size_t i = 0; i < summary->losses_count; i++) {
		uint64_t sum = 0;
		size_t first = 0;

		total += l[i].count;
		while (!str_eq(l[first].reason, l[i].reason))
			first++;
		if (first < i)
			continue;
		for (size_t k = i; k < summary->losses_count; k++)
			sum += str_eq(l[k].reason, l[i].reason) ? l[k].count : 0;
		fn(l[i].reason, sum, context);
	}
	*ret_total = total;
}

static void people_loss(const char *reason, uint64_t count, void *context)
{
	struct strbuf *line = context;

	if (count)
		strbuf_addf(line, "%s%s %" PRIu64, line->len ? ", " : "", reason, count);
}

/* "12 flows, 20000 seen, 3 lost (ring full 3)" */
static void summary_log(const struct output *out, const struct output_summary *s)
{
	_strbuf_ struct strbuf reasons = {}, line = {};
	size_t what = strlen(s->what);
	uint64_t lost = 0;

	losses_each(s, &lost, people_loss, &reasons);
	if (out->shown == 1 && what > 1 && s->what[what - 1] == 's')
		what--;
	strbuf_addf(&line, "%" PRIu64 " %.*s", out->shown, (int)what, s->what);
	if (s->seen != out->shown)
		strbuf_addf(&line, ", %" PRIu64 " %s", s->seen,
			    s->seen_what ? s->seen_what : "seen");
	strbuf_addf(&line, ", %" PRIu64 " lost", lost);
	if (reasons.len)
		strbuf_addf(&line, " (%s)", strbuf_str(&reasons));
	log_line(lost ? LOG_WARN : LOG_INFO, "%s", strbuf_str(&line));
}

/* The new file is whole on the disk before it takes the name. */
static int finish_rename(struct output *out, struct error *err)
{
	int r = writer_flush(&out->writer, err);

	if (!r && !out->writer.failed && fsync(out->writer.fd) && errno != EINVAL)
		r = error_errno(err, -errno, "%s", out->writer.name);
	if (!r)
		r = writer_close(&out->writer, err);
	if (r || out->writer.failed)
		return r;
	if (rename(out->rename_from, out->rename_to))
		return error_errno(err, -errno, "%s", out->rename_to);
	free(TAKE_PTR(out->rename_from));
	return 0;
}

int output_finish(struct output *out, const struct output_summary *summary, struct error *err)
{
	int r;

	if (out->writer.failed)
		return 0;
	if (out->sink->finish)
		out->sink->finish(out, summary);
	r = out->rename_from ? finish_rename(out, err) : writer_close(&out->writer, err);
	if (!r && summary && !out->sink->says_summary)
		summary_log(out, summary);
	return r;
}
