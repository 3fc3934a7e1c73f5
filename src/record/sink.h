/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the record room: what output.c and the formats share. */
#pragma once

#include "base/vec.h"
#include "record/json.h"
#include "record/output.h"
#include "record/where.h"

/* Bytes on their way out. A failed write is reported once; after it everything is discarded. */
struct writer {
	int fd;
	bool owned; /* close it */
	bool failed;
	char *name; /* for complaints: the path, or "standard output"; owned */
	struct strbuf buf;
};

enum { WRITER_SPILL = 64 * 1024 };

int writer_flush(struct writer *w, struct error *err);
/* Flushes when much has gathered. */
int writer_spill(struct writer *w, struct error *err);
/* Flushes and closes; reports what close says. */
int writer_close(struct writer *w, struct error *err);

struct sort_key {
	const struct field *field;
	bool descending;
};

/* A row of a frame. `rank` decides most comparisons of the first sort key without a look at the record. */
struct row {
	uint64_t rank;
	const void *record;
};

struct sink {
	/* Writes one record to out->writer.buf. NULL: this format needs whole frames. */
	void (*row)(struct output *out, const void *record);
	/*
	 * Writes a frame. NULL: `row` for each. Rows stand in the order of arrival unless --top chose them:
	 * `sorted` says whether rows_select was called.
	 */
	void (*frame)(struct output *out, struct row *rows, size_t count);
	/* In front of everything; behind everything (`summary` may be NULL). Either may be NULL. */
	void (*begin)(struct output *out);
	void (*finish)(struct output *out, const struct output_summary *summary);
	void (*free)(struct output *out);
	bool lazy_sort;	   /* frame() sorts what it shows itself */
	bool says_summary; /* the format holds counts and losses: none on stderr */
};

struct table;
struct metrics;

struct output {
	const struct schema *schema;
	const struct sink *sink;
	enum output_format format;
	struct where *where;
	const struct field **columns; /* owned array */
	size_t columns_count;
	bool columns_chosen;   /* by --columns: all of them are shown, even if no row has a value */
	struct sort_key *keys; /* owned */
	size_t keys_count;
	uint64_t top;
	bool headers;

	struct writer writer;
	char *rename_from,
		*rename_to; /* openmetrics: the temporary file and its last name; owned */
	bool terminal;	    /* the writer goes to one */
	bool colour;
	bool live;	/* frames are redrawn */
	bool last;	/* the frame at hand is the last */
	bool streaming; /* rows came outside of frames */

	bool in_frame;
	char *records; /* of the frame; owned */
	size_t count, size;
	struct row *rows; /* owned */
	size_t rows_size;

	uint64_t shown;
	struct strbuf status;

	/* of the format */
	union {
		struct table *table;
		struct metrics *metrics;
	};
};

extern const struct sink table_sink, json_sink, csv_sink, metrics_sink, classic_sink;

/* choose.c: --columns and --sort. */
int columns_choose(struct output *out, const struct output_options *options, struct error *err);
int sort_choose(struct output *out, const struct output_options *options, struct error *err);
/* order.c: fills in the ranks, then puts the first `want` rows in order, the rest behind. */
void rows_rank(const struct output *out, struct row *rows, size_t count);
void rows_select(const struct output *out, struct row *rows, size_t count, size_t want);

/* text.c: the value as tables show it, escaped; "-" for none. */
void text_shown(const struct field *field, const void *record, struct strbuf *out);
/* text.c: the value as JSON shows it, but without quotes; nothing for none. */
void text_raw(const struct field *field, const void *record, struct strbuf *out);
void text_rfc3339(uint64_t ns, struct strbuf *out);
/* Whether the value is neither missing, nor zero, nor empty. */
bool value_is_some(const struct field *field, const void *record);

/* Calls fn for each reason, once, with its sum. */
void losses_each(const struct output_summary *summary, uint64_t *ret_total,
		 void (*fn)(const char *reason, uint64_t count, void *context), void *context);

/* terminal.c */
struct terminal_size {
	unsigned int columns, rows; /* 0: unlimited */
};
struct terminal_size terminal_size(int fd);
/* Whether this terminal and this user want colour. */
bool terminal_has_colour(void);
/* Whether the cursor can be moved. */
bool terminal_can_redraw(void);
