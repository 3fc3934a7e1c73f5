// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sorting. A frame may have 60,000 rows of which a terminal shows 40: so each row gets a 64-bit rank
 * that keeps the order of the first key, and only the rows that will be shown are sorted, picked with a
 * heap. Rows that are equal by all keys stay in the order in which they came.
 */
#include "record/sink.h"

static uint64_t rank_of_bytes(const char *text, size_t len)
{
	uint64_t rank = 0;

	for (size_t i = 0; i < 8; i++)
		rank = rank << 8 | (i < len ? (unsigned char)text[i] : 0);
	return rank;
}

static uint64_t rank_of_double(double d)
{
	uint64_t bits;

	d += 0.0; /* -0 becomes 0 */
	memcpy(&bits, &d, sizeof(bits));
	/* IEEE 754: negative numbers descend, and stand below the positive ones */
	return bits >> 63 ? ~bits : bits | 1ULL << 63;
}

static uint64_t rank_of(const struct value *v)
{
	switch (v->kind) {
	case VALUE_UNSIGNED: return v->u;
	case VALUE_SIGNED: return (uint64_t)v->i ^ 1ULL << 63;
	case VALUE_DOUBLE: return rank_of_double(v->d);
	case VALUE_TEXT: return rank_of_bytes(v->text, v->len);
	case VALUE_ADDR: return rank_of_bytes((const char *)v->addr.bytes, 8);
	case VALUE_NONE: break;
	}
	return UINT64_MAX;
}

void rows_rank(const struct output *out, struct row *rows, size_t count)
{
	const struct sort_key *key = out->keys;

	/* an enum may have both names and bare numbers, which only the full comparison tells apart */
	if (!key || key->field->names)
		return;
	for (size_t i = 0; i < count; i++) {
		struct value v = field_value(key->field, rows[i].record);

		rows[i].rank = rank_of(&v);
		/* what has no value comes last either way */
		if (key->descending && v.kind != VALUE_NONE)
			rows[i].rank = ~rows[i].rank;
	}
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int text_order(const struct value *a, const struct value *b)
{
	int r = memcmp(a->text, b->text, MIN(a->len, b->len));

	return r ? r : ORDER(a->len, b->len);
}

static int value_order(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return ORDER(a->kind, b->kind);
	switch (a->kind) {
	case VALUE_UNSIGNED: return ORDER(a->u, b->u);
	case VALUE_SIGNED: return ORDER(a->i, b->i);
	case VALUE_DOUBLE: return ORDER(a->d, b->d);
	case VALUE_TEXT: return text_order(a, b);
	case VALUE_ADDR: return ip_addr_compare(&a->addr, &b->addr);
	case VALUE_NONE: break;
	}
	return 0;
}

static int key_order(const struct sort_key *key, const void *a, const void *b)
{
	struct value va = field_value(key->field, a), vb = field_value(key->field, b);
	int r;

	if (va.kind == VALUE_NONE || vb.kind == VALUE_NONE)
		return ORDER(va.kind == VALUE_NONE, vb.kind == VALUE_NONE);
	r = value_order(&va, &vb);
	return key->descending ? -r : r;
}

/* Never 0 for two rows: records of a frame stand in one array in the order in which they came. */
static int row_order(const void *a, const void *b, void *context)
{
	const struct row *x = a, *y = b;
	const struct output *out = context;
	int r = ORDER(x->rank, y->rank);

	for (size_t i = 0; i < out->keys_count && !r; i++)
		r = key_order(&out->keys[i], x->record, y->record);
	return r ? r : ORDER((uintptr_t)x->record, (uintptr_t)y->record);
}

static void swap(struct row *a, struct row *b)
{
	struct row t = *a;

	*a = *b;
	*b = t;
}

/* Restores the heap, whose root is the last in order, below `at`. */
static void heap_sift(struct output *out, struct row *heap, size_t count, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && row_order(&heap[child], &heap[child + 1], out) < 0)
			child++;
		if (row_order(&heap[at], &heap[child], out) >= 0)
			break;
		swap(&heap[at], &heap[child]);
	}
}

void rows_select(const struct output *out, struct row *rows, size_t count, size_t want)
{
	struct output *context = (struct output *)out; /* qsort_r wants it so */

	if (!out->keys_count || !want)
		return;
	if (want < count) {
		for (size_t i = want / 2; i-- > 0;)
			heap_sift(context, rows, want, i);
		for (size_t i = want; i < count; i++) {
			if (row_order(&rows[i], &rows[0], context) < 0) {
				swap(&rows[i], &rows[0]);
				heap_sift(context, rows, want, 0);
			}
		}
	}
	qsort_r(rows, MIN(want, count), sizeof(*rows), row_order, context);
}
