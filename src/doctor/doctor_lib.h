/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel can do, proved by doing it, and what skep's commands therefore use here. Nothing
 * is left behind, also after kill -9: programs are held by descriptors of child processes that die
 * with their parent.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

enum doctor_state { DOCTOR_NO, DOCTOR_YES, DOCTOR_PARTLY, DOCTOR_STATES };
extern const char *const doctor_state_names[DOCTOR_STATES];
enum { DOCTOR_GROUPS = 6 };
extern const char *const doctor_groups[DOCTOR_GROUPS + 1]; /* in the order of the table */

enum { DOCTOR_DETAIL = 320 };

struct doctor_check {
	uint32_t group; /* index into doctor_groups */
	const char *name;
	uint32_t state;		    /* enum doctor_state */
	char detail[DOCTOR_DETAIL]; /* the kernel's own words, or what was found */
	const char *used_for;
	char remedy[DOCTOR_DETAIL]; /* "": nothing to do */
};

struct doctor_report {
	struct doctor_check *checks;
	size_t count;
	char lacking[500]; /* what a command cannot do here; "": nothing */
};

/* Needs root. Takes some seconds. */
int doctor_examine(struct doctor_report **ret, struct error *err);
void doctor_report_free(struct doctor_report *report);
CLEANUP_DEFINE(doctor_report, struct doctor_report, doctor_report_free)
