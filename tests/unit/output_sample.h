/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record with a field of every kind, for the tests of the output's forms. */
#pragma once

#include "record/output.h"

struct sample {
	uint32_t pid;
	char comm[8];
	const char *container;
	struct ip_addr remote_addr;
	uint16_t remote_port;
	uint64_t bytes, mtbs_ns, time, cookie, mask;
	int64_t delta;
	double load;
	uint32_t errors;
	uint8_t direction;
	bool failed;
};

extern const struct schema sample_schema;
extern const struct sample samples[3];
