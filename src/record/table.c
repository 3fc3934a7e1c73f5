// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables: whole frames with columns as wide as their text, streams of rows, and live frames that are
 * redrawn in place. Only rows that will be shown are sorted and turned into text.
 */
#include "record/sink.h"

#define BOLD	  "\033[1m"
#define DIM	  "\033[2m"
#define PLAIN	  "\033[0m"
#define HOME	  "\033[H"
#define CLEAR_EOL "\033[K"
#define CLEAR_END "\033[J"
#define ELLIPSIS  "\xe2\x80\xa6"

struct column {
	const struct field *field;
	unsigned int header; /* width of the header; 0 without headers */
	unsigned int
		widest; /* of the header and the cells; a live table's columns never shrink again */
	unsigned int width; /* in this frame, after fitting into the terminal */
	bool visible, right;
	bool yielded; /* left out of this frame, since the terminal is too narrow */
};

struct cell {
	size_t offset; /* in table->text */
	unsigned int len, columns;
};

struct group {
	const char *title; /* or NULL */
	struct row *rows;
	size_t count, shown;
	bool skip;
};

struct table {
	struct column *columns; /* owned, out->columns_count */
	struct strbuf text;
	VEC(struct cell) cells; /* of the rows shown, row by row, visible columns only */
	struct group *groups;	/* owned */
	size_t groups_count;
	struct row *grouped; /* owned: the frame's rows, group by group */
	size_t grouped_size;
	struct terminal_size size;
	unsigned int gap; /* spaces between columns */
	struct strbuf line;
	unsigned int lines; /* written in this frame; in a stream since the header */
	bool drawn;	    /* a frame has been written; a stream has its header */
	bool redraw;	    /* this frame goes over the one before */
};

static bool is_right(const struct field *f)
{
	return !f->names && f->type != FIELD_BOOL && f->type != FIELD_CHARS &&
	       f->type != FIELD_STRING && f->type != FIELD_ADDR;
}

static struct table *table_new(const struct output *out)
{
	struct table *t = calloc(1, sizeof(*t));
	size_t titles = 0;

	if (!t)
		return NULL;
	while (out->schema->titles && out->schema->title_of && out->schema->titles[titles])
		titles++;
	t->groups_count = MAX(titles, (size_t)1);
	t->groups = calloc(t->groups_count, sizeof(*t->groups));
	t->columns = calloc(out->columns_count, sizeof(*t->columns));
	if (!t->groups || !t->columns) {
		free(t->groups);
		free(t->columns);
		free(t);
		return NULL;
	}
	for (size_t i = 0; i < titles; i++)
		t->groups[i].title = out->schema->titles[i];
	for (size_t i = 0; i < out->columns_count; i++) {
		const struct field *f = out->columns[i];
		struct column *c = &t->columns[i];

		c->field = f;
		c->right = is_right(f);
		if (out->headers)
			c->header = (unsigned int)str_columns(f->header, strlen(f->header));
		c->widest = c->header;
	}
	return t;
}

static void table_begin(struct output *out)
{
	out->table = table_new(out);
	if (!out->table)
		out->writer.buf.failed = true;
}

static void table_free(struct output *out)
{
	struct table *t = out->table;

	if (!t)
		return;
	strbuf_free(&t->text);
	strbuf_free(&t->line);
	vec_free(&t->cells);
	free(t->columns);
	free(t->groups);
	free(t->grouped);
	free(t);
}

/* ---- text in columns ---- */

/* Bytes of the text that fit into so many columns. */
static size_t fitting(const char *text, size_t len, size_t columns)
{
	size_t at = 0, n;

	for (; at < len; at += n) {
		size_t w;

		n = utf8_len(text + at, len - at);
		n = n ? n : 1;
		w = str_columns(text + at, n);
		if (w > columns)
			break;
		columns -= w;
	}
	return at;
}

/* "abcdefgh" in 5 columns: "ab…gh". Returns the columns that it took. */
static size_t shorten(struct strbuf *out, const char *text, size_t len, size_t width)
{
	size_t tail_columns = (width - 1) / 2, all = str_columns(text, len);
	size_t head = fitting(text, len, width - 1 - tail_columns), tail, took = out->len;

	/* what is left out takes at least the other columns */
	tail = fitting(text, len, all - tail_columns);
	while (tail < len && str_columns(text + tail, len - tail) > tail_columns) {
		size_t n = utf8_len(text + tail, len - tail);

		tail += n ? n : 1;
	}
	strbuf_add(out, text, head);
	strbuf_adds(out, ELLIPSIS);
	strbuf_add(out, text + tail, len - tail);
	return str_columns(strbuf_str(out) + took, out->len - took);
}

static void pad(struct strbuf *out, size_t count)
{
	static const char spaces[] = "                                ";

	for (size_t n; count; count -= n) {
		n = MIN(count, sizeof(spaces) - 1);
		strbuf_add(out, spaces, n);
	}
}

/* Adds a cell to the line; `*owed` is the space in front of it that no text has needed yet. */
static void line_cell(struct table *t, const struct column *c, const char *text, size_t len,
		      size_t columns, size_t *owed)
{
	_strbuf_ struct strbuf shorter = {};

	if (columns > c->width && (c->field->flags & FIELD_STRETCH) && c->width) {
		columns = shorten(&shorter, text, len, c->width);
		text = strbuf_str(&shorter);
		len = shorter.len;
	}
	if (c->right && columns < c->width)
		*owed += c->width - columns;
	pad(&t->line, *owed);
	strbuf_add(&t->line, text, len);
	*owed = t->gap + (!c->right && columns < c->width ? c->width - columns : 0);
}

/* ---- lines ---- */

/* Writes t->line; on a redrawn screen cut at its width, and never more lines than it has. */
static void line_write(struct output *out, const char *style)
{
	struct table *t = out->table;
	struct strbuf *to = &out->writer.buf;
	size_t len = t->line.len, limit = t->size.columns;
	bool full = false;

	if (t->redraw && !out->last && t->lines + 1 >= t->size.rows) {
		strbuf_reset(&t->line);
		return;
	}
	t->lines++;
	if (t->redraw) {
		len = fitting(strbuf_str(&t->line), len, limit);
		full = str_columns(strbuf_str(&t->line), len) >= limit;
	}
	if (style && out->colour)
		strbuf_adds(to, style);
	strbuf_add(to, strbuf_str(&t->line), len);
	if (style && out->colour)
		strbuf_adds(to, PLAIN);
	/* behind the last column the cursor still stands on it: clearing would take the character away */
	if (t->redraw && !full)
		strbuf_adds(to, CLEAR_EOL);
	strbuf_addc(to, '\n');
	if (t->line.failed)
		to->failed = true;
	strbuf_reset(&t->line);
}

static void line_header(struct output *out)
{
	struct table *t = out->table;
	size_t owed = 0;

	for (size_t i = 0; i < out->columns_count; i++) {
		const struct column *c = &t->columns[i];
		size_t len = strlen(c->field->header);

		if (c->visible && !c->yielded)
			line_cell(t, c, c->field->header, len, str_columns(c->field->header, len),
				  &owed);
	}
	line_write(out, BOLD);
}

/* Cells of one row, from `cell` on. Returns where the next row's begin. */
static const struct cell *line_row(struct output *out, const struct cell *cell)
{
	struct table *t = out->table;
	size_t owed = 0;

	for (size_t i = 0; i < out->columns_count; i++) {
		if (!t->columns[i].visible)
			continue;
		if (!t->columns[i].yielded)
			line_cell(t, &t->columns[i], strbuf_str(&t->text) + cell->offset, cell->len,
				  cell->columns, &owed);
		cell++;
	}
	line_write(out, NULL);
	return cell;
}

/* ---- columns ---- */

/* The text of a record's visible columns, and how wide it is. */
static void cells_add(struct output *out, const void *record)
{
	struct table *t = out->table;

	for (size_t i = 0; i < out->columns_count; i++) {
		struct column *c = &t->columns[i];
		struct cell cell = { .offset = t->text.len };

		if (!c->visible)
			continue;
		text_shown(c->field, record, &t->text);
		cell.len = (unsigned int)(t->text.len - cell.offset);
		cell.columns =
			(unsigned int)str_columns(strbuf_str(&t->text) + cell.offset, cell.len);
		c->widest = MAX(c->widest, cell.columns);
		if (t->text.failed || !vec_push(&t->cells, cell)) {
			out->writer.buf.failed = true;
			return;
		}
	}
}

static void cells_reset(struct table *t)
{
	strbuf_reset(&t->text);
	t->cells.len = 0;
}

/* Takes `excess` from the columns, the one that can best spare it first. Returns what is left of it. */
static size_t columns_shrink(struct output *out, size_t excess,
			     unsigned int (*spare)(const struct column *c))
{
	for (; excess; excess--) {
		struct column *best = NULL;

		for (size_t i = 0; i < out->columns_count; i++) {
			struct column *c = &out->table->columns[i];

			if (c->visible && !c->yielded && spare(c) &&
			    (!best || spare(c) > spare(best)))
				best = c;
		}
		if (!best)
			break;
		best->width--;
	}
	return excess;
}

/* What no cell needs. */
static unsigned int spare_padding(const struct column *c)
{
	return c->width > c->widest ? c->width - c->widest : 0;
}

/* What is left out of the middle: of a column that stretches, down to its header. */
static unsigned int spare_text(const struct column *c)
{
	bool can = (c->field->flags & FIELD_STRETCH) && c->width > MAX(c->header, 5u);

	return can ? c->width : 0;
}

static struct column *next_to_yield(struct output *out)
{
	struct column *first = NULL;

	for (size_t i = 0; i < out->columns_count; i++) {
		struct column *c = &out->table->columns[i];

		if (c->visible && !c->yielded && c->field->yield &&
		    (!first || c->field->yield > first->field->yield))
			first = c;
	}
	return first;
}

/* Leaves out columns until `excess` is gone, those that yield first first. Returns what is left of it. */
static size_t columns_yield(struct output *out, size_t excess)
{
	size_t spare = 0;

	while (excess && !out->columns_chosen) {
		struct column *c = next_to_yield(out);
		size_t width;

		if (!c)
			return excess;
		c->yielded = true;
		width = c->width + out->table->gap;
		spare = width > excess ? width - excess : 0;
		excess -= MIN(excess, width);
	}
	/* the last one may have been wide enough alone */
	for (size_t i = 0; i < out->columns_count; i++) {
		struct column *c = &out->table->columns[i];

		if (!c->yielded || c->width + out->table->gap > spare)
			continue;
		c->yielded = false;
		spare -= c->width + out->table->gap;
	}
	return excess;
}

/* As wide as asked for; in a narrow terminal first without padding, then closer together, then fewer, then shorter. */
static void columns_fit(struct output *out)
{
	struct table *t = out->table;
	size_t total = 0, shown = 0;

	t->gap = 2;
	for (size_t i = 0; i < out->columns_count; i++) {
		struct column *c = &t->columns[i];

		c->width = MAX(c->widest, c->field->width);
		c->yielded = false;
		total += c->visible ? c->width + t->gap : 0;
		shown += c->visible;
	}
	total -= shown ? t->gap : 0;
	if (!t->size.columns || total <= t->size.columns)
		return;
	total = columns_shrink(out, total - t->size.columns, spare_padding);
	if (!total)
		return;
	t->gap = 1;
	if (total < shown)
		return;
	total = columns_yield(out, total - (shown - 1));
	columns_shrink(out, total, spare_text);
}

/* "without USER and MTBS (narrow terminal)"; nothing when all columns are there. */
static void say_yielded(const struct output *out, struct strbuf *text)
{
	const char *between = text->len ? "  without " : "without ";

	for (size_t i = 0; i < out->columns_count; i++) {
		const struct column *c = &out->table->columns[i];

		if (!c->visible || !c->yielded)
			continue;
		strbuf_addf(text, "%s%s", between, c->field->header);
		between = ", ";
	}
	if (between[0] == ',')
		strbuf_adds(text, " (narrow terminal)");
}

static bool some_row_has(const struct table *t, const struct field *f)
{
	for (size_t g = 0; g < t->groups_count; g++) {
		for (size_t i = 0; i < t->groups[g].shown; i++) {
			if (value_is_some(f, t->groups[g].rows[i].record))
				return true;
		}
	}
	return false;
}

static void columns_show(struct output *out)
{
	struct table *t = out->table;

	for (size_t i = 0; i < out->columns_count; i++) {
		struct column *c = &t->columns[i];
		/* a live table's columns stay once they are there: it shall not jump */
		bool stays = c->visible && out->live;

		c->visible = stays || out->columns_chosen || !(c->field->flags & FIELD_AUTO) ||
			     some_row_has(t, c->field);
		if (!out->live)
			c->widest = c->header;
	}
}

/* ---- frames ---- */

/* The rows by title, in their order. */
static bool groups_fill(struct output *out, struct row *rows, size_t count)
{
	struct table *t = out->table;
	struct row *next;

	for (size_t g = 0; g < t->groups_count; g++)
		t->groups[g].count = 0;
	if (t->groups_count == 1) {
		t->groups[0].rows = rows;
		t->groups[0].count = count;
		return true;
	}
	next = vec_grow(t->grouped, &t->grouped_size, count + 1, sizeof(*t->grouped));
	if (!next)
		return false;
	t->grouped = next;
	for (size_t i = 0; i < count; i++) {
		size_t g = out->schema->title_of(rows[i].record);

		t->groups[MIN(g, t->groups_count - 1)].count++;
	}
	for (size_t g = 0; g < t->groups_count; g++) {
		t->groups[g].rows = next;
		next += t->groups[g].count;
		t->groups[g].count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		size_t g = out->schema->title_of(rows[i].record);
		struct group *group = &t->groups[MIN(g, t->groups_count - 1)];

		group->rows[group->count++] = rows[i];
	}
	return true;
}

/* Lines of a group beside its rows. */
static size_t group_extra(const struct output *out, const struct group *g)
{
	if (!out->headers)
		return 0;
	return 1 + (g->title != NULL) + (!g->count && g->title);
}

/*
 * How many rows of each group the screen has room for: a small group gets all of its rows, the big ones
 * share the rest alike. A group that is cut gives one line to "… N more".
 */
static void groups_limit(struct output *out)
{
	struct table *t = out->table;
	size_t room = t->size.rows > 1 ? t->size.rows - 1 : 1, used = out->status.len ? 1 : 0;
	size_t open = t->groups_count;
	bool settled = false;

	used += t->groups_count - 1;
	for (size_t g = 0; g < t->groups_count; g++) {
		used += group_extra(out, &t->groups[g]);
		t->groups[g].shown = SIZE_MAX;
	}
	room = room > used ? room - used : 0;
	while (!settled && open) {
		size_t share = room / open;

		settled = true;
		for (size_t g = 0; g < t->groups_count; g++) {
			struct group *group = &t->groups[g];

			if (group->shown != SIZE_MAX || group->count > share)
				continue;
			group->shown = group->count;
			room -= group->count;
			open--;
			settled = false;
		}
	}
	for (size_t g = 0; g < t->groups_count; g++) {
		if (t->groups[g].shown != SIZE_MAX)
			continue;
		t->groups[g].shown = room / open ? room / open - 1 : 0;
		room -= room / open;
		open--;
	}
}

/* Which rows are shown; those are put in order. */
static void groups_plan(struct output *out)
{
	struct table *t = out->table;
	size_t all = 0;

	for (size_t g = 0; g < t->groups_count; g++) {
		t->groups[g].shown = t->groups[g].count;
		all += t->groups[g].count;
	}
	if (t->redraw && !out->last)
		groups_limit(out);
	for (size_t g = 0; g < t->groups_count; g++) {
		struct group *group = &t->groups[g];

		/* at the end an empty table says nothing, unless there is nothing else */
		group->skip = !group->count && all && !t->redraw;
		rows_select(out, group->rows, group->count, group->shown);
	}
}

static const struct cell *group_write(struct output *out, const struct group *g,
				      const struct cell *cell)
{
	struct table *t = out->table;

	if (g->title && out->headers) {
		strbuf_adds(&t->line, g->title);
		line_write(out, BOLD);
	}
	if (out->headers)
		line_header(out);
	for (size_t i = 0; i < g->shown; i++)
		cell = line_row(out, cell);
	if (g->shown < g->count) {
		strbuf_addf(&t->line, ELLIPSIS " %zu more", g->count - g->shown);
		line_write(out, DIM);
	} else if (!g->count && g->title && out->headers) {
		strbuf_adds(&t->line, "(none)");
		line_write(out, DIM);
	}
	return cell;
}

static void frame_write(struct output *out)
{
	struct table *t = out->table;
	const struct cell *cell = t->cells.data;
	bool between = t->drawn && !t->redraw;

	t->lines = 0;
	if (t->redraw) {
		/* what stood on the screen goes to the scrollback, not away */
		for (unsigned int i = 1; i < t->size.rows && !t->drawn; i++)
			strbuf_addc(&out->writer.buf, '\n');
		strbuf_adds(&out->writer.buf, HOME);
		if (out->status.len && !out->last) {
			strbuf_add_escaped(&t->line, strbuf_str(&out->status), out->status.len);
			say_yielded(out, &t->line);
			line_write(out, DIM);
		}
	}
	for (size_t g = 0; g < t->groups_count; g++) {
		if (t->groups[g].skip)
			continue;
		/* without headers rows are for other programs */
		if (between && out->headers)
			line_write(out, NULL);
		cell = group_write(out, &t->groups[g], cell);
		between = true;
	}
	if (t->size.columns && (out->last || !t->redraw)) {
		say_yielded(out, &t->line);
		if (t->line.len)
			line_write(out, DIM);
	}
	if (t->redraw)
		strbuf_adds(&out->writer.buf, CLEAR_END);
	t->drawn = true;
}

static void table_frame(struct output *out, struct row *rows, size_t count)
{
	struct table *t = out->table;
	unsigned int columns = t->size.columns;

	t->size = terminal_size(out->writer.fd);
	/* a single last frame is nothing to redraw */
	t->redraw = out->live && (t->drawn || !out->last);
	for (size_t i = 0; i < out->columns_count && t->size.columns != columns; i++)
		t->columns[i].widest = t->columns[i].header;
	if (!groups_fill(out, rows, count)) {
		out->writer.buf.failed = true;
		return;
	}
	groups_plan(out);
	columns_show(out);
	cells_reset(t);
	for (size_t g = 0; g < t->groups_count; g++) {
		for (size_t i = 0; i < t->groups[g].shown; i++)
			cells_add(out, t->groups[g].rows[i].record);
	}
	columns_fit(out);
	if (!out->writer.buf.failed)
		frame_write(out);
}

/* ---- streams ---- */

static void table_row(struct output *out, const void *record)
{
	struct table *t = out->table;
	bool header = !t->drawn;

	if (!t->drawn) {
		for (size_t i = 0; i < out->columns_count; i++) {
			t->columns[i].visible = true;
			/* the rows to come are not known: the room that the field asks for is no padding */
			t->columns[i].widest =
				MAX(t->columns[i].header, t->columns[i].field->width);
		}
	}
	/* asked again for each screenful: the window may have changed */
	if (header || (out->terminal && t->lines + 1 >= t->size.rows)) {
		t->size = terminal_size(out->writer.fd);
		header = true;
	}
	cells_reset(t);
	cells_add(out, record);
	columns_fit(out);
	if (out->writer.buf.failed)
		return;
	if (header) {
		t->lines = 0;
		if (out->headers)
			line_header(out);
	}
	line_row(out, t->cells.data);
	t->drawn = true;
}

const struct sink table_sink = { .begin = table_begin,
				 .row = table_row,
				 .frame = table_frame,
				 .free = table_free,
				 .lazy_sort = true };
