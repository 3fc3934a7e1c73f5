// SPDX-License-Identifier: GPL-2.0-or-later
/* What `skep flows` makes of the kernel's numbers: records, the classic tables, scans. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "identity/identity.h"
#include "source/flows/flows_record.h"
#include "source/flows/flows_scan.h"

#define SECOND 1000000000ULL

static const struct container test_client = { .runtime = RUNTIME_DOCKER,
					      .id = "aa",
					      .name = "test-client" };
static const struct container test_server = { .runtime = RUNTIME_DOCKER,
					      .id = "bb",
					      .name = "test-server" };
static const struct container some_unit = { .runtime = RUNTIME_UNIT,
					    .id = "cron.service",
					    .name = "cron.service" };

static const struct flows_process client = { .key = { .pid = 23087 },
					     .value = { .comm = "iperf3" },
					     .user = "root",
					     .container = &test_client };
static const struct flows_process server = { .key = { .pid = 22975 },
					     .value = { .comm = "iperf3" },
					     .user = "root",
					     .container = &test_server };
static const struct flows_process pool = { .key = { .pid = 23043 },
					   .value = { .comm = "pool", .uid = 1000 },
					   .user = "alessandro",
					   .container = &some_unit };

static void addr(__u8 out[16], const char *text)
{
	struct ip_addr a = {};

	assert_int_equal(ip_addr_parse(text, &a, NULL), 0);
	memcpy(out, a.bytes, 16);
}

static struct flows_entry entry(const struct flows_process *p, enum flow_direction direction,
				const char *local, const char *remote, uint16_t port,
				uint64_t count)
{
	struct flows_entry e = { .process = p };

	e.key.pid = p->key.pid;
	e.key.direction = direction;
	e.key.protocol = FLOW_TCP;
	e.key.port = port;
	addr(e.key.local, local);
	addr(e.key.remote, remote);
	e.value.count = count;
	e.value.first = 10 * SECOND;
	e.value.last = 10 * SECOND + (count - 1) * 116000;
	return e;
}

static void a_record_is_exact(void **state)
{
	struct flows_entry e = entry(&client, FLOW_OUT, "172.17.0.4", "172.17.0.3", 5201, 3);
	struct flow_record r;

	(void)state;
	e.value.tx_bytes = 100;
	e.value.rx_bytes = 11;
	e.value.errors = 2;
	e.value.error = ECONNREFUSED;
	e.value.attempts = 6;
	e.value.latency = 3000;
	flow_record_fill(&e, 1000 * SECOND, &r);
	assert_int_equal(r.bytes, 111);
	assert_int_equal(r.mtbs_ns, 116000);
	assert_int_equal(r.pending, 1);
	assert_int_equal(r.latency_ns, 1000);
	assert_string_equal(r.error, "ECONNREFUSED");
	assert_int_equal(r.first_time, 1010 * SECOND);
	assert_int_equal(r.ends.remote_port, 5201);
	assert_int_equal(r.ends.local_port, 0);
	assert_int_equal(r.ends.ip_version, 4);
	assert_string_equal(r.owner.container, "test-client");
}

static void one_call_has_no_mean(void **state)
{
	struct flows_entry e = entry(&pool, FLOW_IN, "10.0.0.1", "10.0.0.2", 80, 1);
	struct flow_record r;

	(void)state;
	flow_record_fill(&e, 0, &r);
	assert_int_equal(r.mtbs_ns, 0);
	assert_int_equal(r.ends.local_port, 80);
	/* a unit is no container */
	assert_null(r.owner.container);
	assert_string_equal(r.owner.container_id, "cron.service");
	e.value.count = 0;
	e.value.first = e.value.last = 0;
	flow_record_fill(&e, SECOND, &r);
	assert_int_equal(r.first_time, 0);
}

static void wildcards_and_strangers(void **state)
{
	struct flows_entry e = entry(&pool, FLOW_IN, "::", "::", 53, 1);
	struct flow_record r;

	(void)state;
	e.key.protocol = FLOW_UDP;
	flow_record_fill(&e, 0, &r);
	assert_int_equal(r.ends.remote_addr.version, 0);
	assert_int_equal(r.ends.local_addr.version, 6);
	assert_int_equal(r.ends.ip_version, 6);
	addr(e.key.local, "0.0.0.0");
	flow_record_fill(&e, 0, &r);
	assert_int_equal(r.ends.local_addr.version, 4);
	assert_int_equal(r.ends.ip_version, 4);
}

/* The tables of the document, with its own sample. */
static void classic_is_the_old_form(void **state)
{
	const struct flows_entry entries[] = {
		entry(&client, FLOW_OUT, "172.17.0.4", "172.17.0.3", 5201, 2),
		entry(&pool, FLOW_OUT, "192.168.1.102", "216.58.198.10", 443, 1),
		entry(&pool, FLOW_OUT, "192.168.1.102", "216.58.198.10", 444, 0),
		entry(&server, FLOW_IN, "172.17.0.3", "172.17.0.4", 5201, 2),
	};
	struct flow_record records[ARRAY_SIZE(entries)];
	const void *rows[ARRAY_SIZE(entries)];
	_strbuf_ struct strbuf text = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		flow_record_fill(&entries[i], 0, &records[i]);
		rows[i] = &records[i];
	}
	records[3].ends.mapped = true;
	records[3].mtbs_ns = 10780000;
	flow_schema.classic(rows, ARRAY_SIZE(entries), &text);
	assert_string_equal(
		strbuf_str(&text),
		"Outbound flows (TCP connect, UDP send)\n"
		"PID    COMM                  USER        IP  PROTO  SADDR          DADDR          RPORT  COUNT  MTBS(s)\n"
		"23087  iperf3 @ test-client  root        4   TCP    172.17.0.4     172.17.0.3     5201   2      0.000116\n"
		"23043  pool                  alessandro  4   TCP    192.168.1.102  216.58.198.10  443    1      -\n"
		"\n"
		"Inbound flows (TCP accept, UDP receive)\n"
		"PID    COMM                  USER  IP  PROTO  SADDR              DADDR              LPORT  COUNT  MTBS(s)\n"
		"22975  iperf3 @ test-server  root  6   TCP    ::ffff:172.17.0.4  ::ffff:172.17.0.3  5201   2      0.01078\n");
}

static void classic_escapes(void **state)
{
	struct flows_process evil = client;
	struct flows_entry e;
	struct flow_record r;
	const void *rows[] = { &r };
	_strbuf_ struct strbuf text = {};

	(void)state;
	memcpy(evil.value.comm, "a\033[2Jb\n0123456789", sizeof(evil.value.comm));
	e = entry(&evil, FLOW_OUT, "10.0.0.1", "10.0.0.2", 1, 1);
	flow_record_fill(&e, 0, &r);
	flow_schema.classic(rows, 1, &text);
	assert_null(strchr(strbuf_str(&text), '\033'));
	assert_non_null(strstr(strbuf_str(&text), "a\\x1b[2Jb\\x0a"));
}

enum { MANY = 64 };

static void scan_entries(struct flows_entry *entries, size_t count, bool vertical)
{
	for (size_t i = 0; i < count; i++) {
		char host[40];

		snprintf(host, sizeof(host), "10.0.0.%zu", vertical ? 1 : i + 1);
		entries[i] = entry(&client, FLOW_OUT, "10.9.9.9", host,
				   (uint16_t)(vertical ? i + 1 : 22), 0);
		entries[i].value.attempt_time = 100 * SECOND;
		entries[i].value.first = entries[i].value.last = 0;
	}
}

static void scans_are_found(void **state)
{
	const struct flows_scan scan = { .window_ns = 10 * SECOND, .threshold = 20 };
	struct flows_entry entries[MANY];
	char marks[MANY][FLOW_SCAN_TEXT];

	(void)state;
	scan_entries(entries, 20, true);
	assert_int_equal(flows_scan(&scan, entries, 20, 105 * SECOND, marks, NULL), 0);
	assert_string_equal(marks[0], "20 ports of this host");
	assert_string_equal(marks[19], "20 ports of this host");
	scan_entries(entries, 30, false);
	assert_int_equal(flows_scan(&scan, entries, 30, 105 * SECOND, marks, NULL), 0);
	assert_string_equal(marks[7], "30 hosts, this port");
}

static void what_is_no_scan(void **state)
{
	const struct flows_scan scan = { .window_ns = 10 * SECOND, .threshold = 20 };
	struct flows_entry entries[MANY];
	char marks[MANY][FLOW_SCAN_TEXT];

	(void)state;
	/* one too few; too long ago; inbound; by several processes */
	scan_entries(entries, 19, true);
	assert_int_equal(flows_scan(&scan, entries, 19, 105 * SECOND, marks, NULL), 0);
	assert_string_equal(marks[0], "");
	scan_entries(entries, 30, true);
	assert_int_equal(flows_scan(&scan, entries, 30, 111 * SECOND, marks, NULL), 0);
	assert_string_equal(marks[0], "");
	for (size_t i = 0; i < 30; i++)
		entries[i].key.direction = FLOW_IN;
	assert_int_equal(flows_scan(&scan, entries, 30, 105 * SECOND, marks, NULL), 0);
	assert_string_equal(marks[0], "");
	scan_entries(entries, 30, true);
	for (size_t i = 0; i < 30; i++)
		entries[i].key.pid = (uint32_t)(1000 + i % 2);
	assert_int_equal(flows_scan(&scan, entries, 30, 105 * SECOND, marks, NULL), 0);
	assert_string_equal(marks[0], "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_exact),
		cmocka_unit_test(one_call_has_no_mean),
		cmocka_unit_test(wildcards_and_strangers),
		cmocka_unit_test(classic_is_the_old_form),
		cmocka_unit_test(classic_escapes),
		cmocka_unit_test(scans_are_found),
		cmocka_unit_test(what_is_no_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
