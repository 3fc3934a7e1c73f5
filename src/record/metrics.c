// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `-o openmetrics`: one snapshot of the last frame in the OpenMetrics text format, 1.0, fit for a
 * textfile collector. Rows with the same labels add up; at most SERIES_MAX series of their own, the rest
 * are added up in one whose labels say "other". Base units, as the format asks: seconds, bytes, ratios.
 */
#include <inttypes.h>
#include <math.h>

/* out of memory is an error like others, not the end of the process */
#define HASH_NONFATAL_OOM 1
#include "base/hash.h"
#include "record/sink.h"

enum { SERIES_MAX = 1000 };

/* Integers are added up as integers. */
struct sum {
	bool some;
	uint64_t u;
	double d;
};

struct series {
	char *labels;	  /* a="x",b="y"; owned, the key */
	struct sum *sums; /* one for each metric; owned */
	UT_hash_handle hh;
};

struct metrics {
	struct strbuf text; /* of the last frame: its records are gone when it is written */
};

/* What a frame is turned into. */
struct snapshot {
	const struct field **metrics, **labels; /* owned arrays */
	size_t metrics_count, labels_count;
	size_t first; /* the metric that says which series are big */
	struct series *series;
	bool failed;
};

static void label_escape(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(text + i, len - i);
		if (!n)
			strbuf_adds(out, "\xef\xbf\xbd");
		else if (text[i] == '\n')
			strbuf_adds(out, "\\n");
		else if (text[i] == '"' || text[i] == '\\')
			strbuf_addf(out, "\\%c", text[i]);
		else
			strbuf_add(out, text + i, n);
		n = n ? n : 1;
	}
}

/* A missing value is a missing label. */
static void labels_of(const struct snapshot *s, const void *record, struct strbuf *out)
{
	_strbuf_ struct strbuf value = {};

	for (size_t i = 0; i < s->labels_count; i++) {
		strbuf_reset(&value);
		text_raw(s->labels[i], record, &value);
		if (!value.len)
			continue;
		strbuf_addf(out, "%s%s=\"", out->len ? "," : "", s->labels[i]->name);
		label_escape(out, strbuf_str(&value), value.len);
		strbuf_addc(out, '"');
	}
	if (value.failed)
		out->failed = true;
}

static void sum_add(struct sum *to, const struct sum *from)
{
	to->some |= from->some;
	if (__builtin_add_overflow(to->u, from->u, &to->u))
		to->u = UINT64_MAX;
	to->d += from->d;
}

static struct sum sum_of(const struct field *f, const void *record)
{
	struct value v = field_value(f, record);
	struct sum sum = { .some = v.kind != VALUE_NONE || f->metric == METRIC_COUNTER };

	if (v.kind == VALUE_UNSIGNED)
		sum.u = v.u;
	else if (v.kind == VALUE_SIGNED)
		sum.d = (double)v.i;
	else if (v.kind == VALUE_DOUBLE)
		sum.d = v.d;
	return sum;
}

static void series_destroy(struct series *one)
{
	free(one->labels);
	free(one->sums);
	free(one);
}
CLEANUP_DEFINE(series, struct series, series_destroy)

static struct series *series_get(struct snapshot *s, const char *labels)
{
	CLEANUP(series_cleanup) struct series *made = NULL;
	struct series *found = NULL;

	HASH_FIND_STR(s->series, labels, found);
	if (found)
		return found;
	made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->labels = strdup(labels);
	made->sums = calloc(s->metrics_count, sizeof(*made->sums));
	if (!made->labels || !made->sums)
		return NULL;
	HASH_ADD_KEYPTR(hh, s->series, made->labels, strlen(made->labels), made);
	/* uthash says so when it had no memory */
	return made->hh.tbl ? TAKE_PTR(made) : NULL;
}

static void series_remove(struct snapshot *s, struct series *one)
{
	HASH_DEL(s->series, one);
	series_destroy(one);
}

static void snapshot_add(struct snapshot *s, const void *record, struct strbuf *labels)
{
	struct series *series;

	strbuf_reset(labels);
	labels_of(s, record, labels);
	series = labels->failed ? NULL : series_get(s, strbuf_str(labels));
	if (!series) {
		s->failed = true;
		return;
	}
	for (size_t i = 0; i < s->metrics_count; i++) {
		struct sum sum = sum_of(s->metrics[i], record);

		sum_add(&series->sums[i], &sum);
	}
}

/* The biggest first, by the metric whose index is the context. */
static int series_order(const void *a, const void *b, void *context)
{
	const struct series *x = *(const struct series *const *)a;
	const struct series *y = *(const struct series *const *)b;
	const struct sum *sx = &x->sums[*(const size_t *)context];
	const struct sum *sy = &y->sums[*(const size_t *)context];
	double dx = (double)sx->u + sx->d, dy = (double)sy->u + sy->d;

	return dx != dy ? (dx < dy) - (dx > dy) : strcmp(x->labels, y->labels);
}

/* Keeps the SERIES_MAX biggest and adds the others up. */
static void snapshot_fold(struct snapshot *s)
{
	size_t count = HASH_COUNT(s->series), n = 0;
	_free_ struct series **all = calloc(count ? count : 1, sizeof(struct series *));
	_strbuf_ struct strbuf labels = {};
	struct series *other, *one, *next;

	if (count <= SERIES_MAX)
		return;
	for (size_t i = 0; i < s->labels_count; i++)
		strbuf_addf(&labels, "%s%s=\"other\"", i ? "," : "", s->labels[i]->name);
	if (!all || labels.failed) {
		s->failed = true;
		return;
	}
	HASH_ITER (hh, s->series, one, next)
		all[n++] = one;
	qsort_r(all, n, sizeof(struct series *), series_order, &s->first);
	other = series_get(s, strbuf_str(&labels));
	if (!other) {
		s->failed = true;
		return;
	}
	for (size_t i = SERIES_MAX; i < n; i++) {
		if (all[i] == other)
			continue;
		for (size_t m = 0; m < s->metrics_count; m++)
			sum_add(&other->sums[m], &all[i]->sums[m]);
		series_remove(s, all[i]);
	}
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(text + len - n, end, n);
}

struct family_unit {
	const char *name;   /* as # UNIT; NULL: none */
	const char *suffix; /* of the family's name; holds the unit */
	const char *drop;   /* from the field's name */
};

static struct family_unit unit_of(const struct field *f)
{
	switch (f->unit) {
	case UNIT_BYTES: return (struct family_unit){ "bytes", "_bytes", "bytes" };
	case UNIT_NS: return (struct family_unit){ "seconds", "_seconds", "ns" };
	case UNIT_TIME: return (struct family_unit){ "seconds", "_timestamp_seconds", "time" };
	case UNIT_PERCENT: return (struct family_unit){ "ratio", "_ratio", "percent" };
	default: return (struct family_unit){ NULL, "", "total" };
	}
}

/* "skep_flow_" + "sent_bytes" + unit, the field's own word for the unit taken off first. */
static void family_name(const struct schema *schema, const struct field *f, struct strbuf *out)
{
	struct family_unit unit = unit_of(f);
	size_t len = strlen(f->name);

	if (ends_with(f->name, len, unit.drop))
		len -= strlen(unit.drop);
	while (len && f->name[len - 1] == '_')
		len--;
	strbuf_addf(out, "skep_%s", schema->name);
	if (len)
		strbuf_addf(out, "_%.*s", (int)len, f->name);
	strbuf_adds(out, unit.suffix);
}

static void sum_write(const struct field *f, const struct sum *sum, struct strbuf *out)
{
	bool integer = f->type != FIELD_DOUBLE && f->type != FIELD_I32 && f->type != FIELD_I64;
	double d = sum->d;

	if (integer && (f->unit == UNIT_NS || f->unit == UNIT_TIME)) {
		strbuf_addf(out, "%" PRIu64 ".%09" PRIu64, sum->u / 1000000000,
			    sum->u % 1000000000);
	} else if (integer) {
		strbuf_addf(out, "%" PRIu64, sum->u);
	} else {
		if (f->unit == UNIT_NS)
			d /= 1e9;
		else if (f->unit == UNIT_PERCENT)
			d /= 100;
		if (isfinite(d))
			json_number(out, d);
		else
			strbuf_adds(out, d < 0 ? "-Inf" : "+Inf");
	}
}

static void family_head(const char *name, const char *type, const char *unit, const char *help,
			struct strbuf *out)
{
	strbuf_addf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		strbuf_addf(out, "# UNIT %s %s\n", name, unit);
	strbuf_addf(out, "# HELP %s ", name);
	label_escape(out, help, strlen(help));
	strbuf_addc(out, '\n');
}

static void family_write(const struct output *out, const struct snapshot *s, size_t metric,
			 struct strbuf *to)
{
	const struct field *f = s->metrics[metric];
	bool counter = f->metric == METRIC_COUNTER;
	_strbuf_ struct strbuf name = {};
	struct series *one, *next;

	family_name(out->schema, f, &name);
	family_head(strbuf_str(&name), counter ? "counter" : "gauge", unit_of(f).name, f->help, to);
	HASH_ITER (hh, s->series, one, next) {
		if (!one->sums[metric].some)
			continue;
		strbuf_addf(to, "%s%s", strbuf_str(&name), counter ? "_total" : "");
		if (*one->labels)
			strbuf_addf(to, "{%s}", one->labels);
		strbuf_addc(to, ' ');
		sum_write(f, &one->sums[metric], to);
		strbuf_addc(to, '\n');
	}
	if (name.failed)
		to->failed = true;
}

/* The chosen fields, labels and metrics apart. */
static bool snapshot_fields(struct snapshot *s, const struct output *out)
{
	bool counter = false;

	s->metrics = calloc(out->columns_count, sizeof(*s->metrics));
	s->labels = calloc(out->columns_count, sizeof(*s->labels));
	if (!s->metrics || !s->labels)
		return false;
	for (size_t i = 0; i < out->columns_count; i++) {
		const struct field *f = out->columns[i];

		if (f->metric == METRIC_LABEL) {
			s->labels[s->labels_count++] = f;
		} else if (f->metric != METRIC_NONE) {
			if (f->metric == METRIC_COUNTER && !counter) {
				counter = true;
				s->first = s->metrics_count;
			}
			s->metrics[s->metrics_count++] = f;
		}
	}
	return true;
}

static void snapshot_free(struct snapshot *s)
{
	struct series *one, *next;

	HASH_ITER (hh, s->series, one, next)
		series_remove(s, one);
	free(s->metrics);
	free(s->labels);
}

static void metrics_begin(struct output *out)
{
	out->metrics = calloc(1, sizeof(*out->metrics));
	if (!out->metrics)
		out->writer.buf.failed = true;
}

static void metrics_frame(struct output *out, struct row *rows, size_t count)
{
	CLEANUP(snapshot_free) struct snapshot s = {};
	_strbuf_ struct strbuf labels = {};
	struct metrics *m = out->metrics;

	if (!snapshot_fields(&s, out)) {
		out->writer.buf.failed = true;
		return;
	}
	strbuf_reset(&m->text);
	if (!s.metrics_count)
		return;
	for (size_t i = 0; i < count && !s.failed; i++)
		snapshot_add(&s, rows[i].record, &labels);
	snapshot_fold(&s);
	for (size_t i = 0; i < s.metrics_count; i++)
		family_write(out, &s, i, &m->text);
	if (s.failed)
		m->text.failed = true;
}

struct losses_context {
	const char *source;
	struct strbuf *out;
};

static void metrics_loss(const char *reason, uint64_t count, void *context)
{
	struct losses_context *c = context;

	strbuf_addf(c->out, "skep_lost_total{source=\"%s\",reason=\"", c->source);
	label_escape(c->out, reason, strlen(reason));
	strbuf_addf(c->out, "\"} %" PRIu64 "\n", count);
}

static void metrics_finish(struct output *out, const struct output_summary *summary)
{
	struct strbuf *to = &out->writer.buf;
	struct losses_context context = { .source = out->schema->name, .out = to };
	uint64_t lost = 0;

	if (out->metrics->text.failed) {
		to->failed = true;
		return;
	}
	strbuf_add(to, strbuf_str(&out->metrics->text), out->metrics->text.len);
	if (summary && summary->losses_count) {
		family_head("skep_lost", "counter", NULL, "Records lost, by reason", to);
		losses_each(summary, &lost, metrics_loss, &context);
	}
	strbuf_adds(to, "# EOF\n");
}

static void metrics_free(struct output *out)
{
	if (out->metrics)
		strbuf_free(&out->metrics->text);
	free(out->metrics);
}

const struct sink metrics_sink = { .begin = metrics_begin,
				   .frame = metrics_frame,
				   .finish = metrics_finish,
				   .free = metrics_free,
				   .says_summary = true };
