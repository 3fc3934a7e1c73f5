/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where records go: table, wide, json (a line each), csv, openmetrics (one snapshot), classic; to
 * stdout or a file; filtered (--where), sorted (--sort), cut (--top), with chosen columns. A source
 * makes one output, then for a stream output_row(out, &record) for each, or for snapshots
 *	output_frame_begin(out); output_row()...; output_frame_end(out);
 * and at its end output_finish(out, &counts). Live frames redraw the terminal; into a pipe or file
 * a frame is printed as the source gives it (so a source that only sums up gives one, at its end).
 * Records are copied inside a frame (record_size bytes); text they point to must stay until
 * output_frame_end.
 *
 * A write that fails is reported once, by the call that met it; later calls then do nothing and return
 * 0. output_open ignores SIGPIPE and SIGXFSZ for the process, so that such a failure is an errno.
 */
#pragma once

#include "base/options.h"
#include "record/schema.h"

enum output_format {
	OUTPUT_TABLE,
	OUTPUT_WIDE,
	OUTPUT_JSON,
	OUTPUT_CSV,
	OUTPUT_OPENMETRICS,
	OUTPUT_CLASSIC
};

/* The options that every source shares; include the table with OPTION_INCLUDE(output_option_table,
 * ...). */
struct output_options {
	int format;		    /* enum output_format: -o, --output */
	const char *file;	    /* --output-file */
	struct option_list columns; /* --columns a,b,c or +a to add */
	const char *where;	    /* --where */
	struct option_list sort;    /* --sort bytes,-pid (a leading - turns the order; numbers sort
				       descending by default) */
	uint64_t top;		    /* --top N; 0: all */
	uint64_t interval_ns;	    /* --interval; preset 1s */
	uint64_t duration_ns;	    /* --duration; 0: until Ctrl-C */
	bool schema;		    /* --schema: print the schema and end */
	bool no_headers;	    /* --no-headers */
};
extern const struct option_spec output_option_table[];

struct output;

/*
 * Opens the file (written beside and renamed at output_finish for openmetrics; else written in
 * place), parses
 * --where, --sort and --columns. `live`: frames will come again and again.
 */
int output_open(const struct output_options *options, const struct schema *schema, bool live,
		struct output **ret, struct error *err);
void output_free(struct output *out); /* NULL is fine; an unfinished temporary file is removed */
CLEANUP_DEFINE(output, struct output, output_free)

/*
 * Says that rows come one by one, outside frames (--events). -EINVAL when the options ask for what
 * needs a whole frame: --sort, --top, openmetrics, classic. The first output_row outside a frame asks
 * the same; asked here, it is wrong use that shows before anything is loaded.
 */
int output_stream(struct output *out, struct error *err);
/* True when frames are redrawn on a terminal (as opposed to one frame at the end). */
bool output_is_live(const struct output *out);
/* Whether --where passes this record (for a source that wants to count what it showed). */
bool output_wants(const struct output *out, const void *record);

/*
 * 0, or a negative errno from writing: -EPIPE means the reader went away: end quietly. Others
 * (-ENOSPC) set err. Rows that --where refuses are 0, too.
 */
int output_row(struct output *out, const void *record, struct error *err);
int output_frame_begin(struct output *out);
int output_frame_end(struct output *out, struct error *err);
/*
 * Before output_frame_begin: this frame is the last. Live frames are cut at the terminal's height; the
 * last one is printed whole, without the status line, and stays on the screen. Nothing changes elsewhere.
 */
void output_last_frame(struct output *out);
/* A line at the top of the next live frames ("skep flows  12:01:07  up 30s …"); not in pipes. */
void output_status(struct output *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Writes what stream formats have buffered (rows of a table stream come out at once when stdout is
 * a terminal). */
int output_flush(struct output *out, struct error *err);

struct output_loss {
	const char *reason; /* "ring full" */
	uint64_t count;
};
struct output_summary {
	const char *what;		  /* "flows", "records" */
	uint64_t seen;			  /* calls or records observed */
	const struct output_loss *losses; /* a reason may stand there several times; they add up */
	size_t losses_count;
	const char *seen_what; /* "calls"; NULL: "seen" */
};
/*
 * Ends the output: JSON gets {"type":"summary","records":N,"seen":S,"lost":M,"losses":{...}},
 * OpenMetrics skep_lost_total and # EOF; in the other formats people get a line in the log (stderr),
 * "N flows, S seen, M lost (ring full 3)". Closes and reports write errors (-ENOSPC) that buffering
 * delayed. N counts the records written, in live tables those of the last frame. `summary` may be NULL:
 * no summary.
 */
int output_finish(struct output *out, const struct output_summary *summary, struct error *err);
/* --schema: the fields with types and help, as a table or (-o json) as JSON. */
int schema_print(const struct schema *schema, bool json, struct strbuf *out);
