/*
 * doctor_checks - the functions of doctor's table, one family a file.
 */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include "doctor.h"

/* doctor_files */
void doctor_configuration(struct doctor *doctor);
void doctor_rules(struct doctor *doctor);
void doctor_readable(struct doctor *doctor);
void doctor_cache(struct doctor *doctor);
void doctor_keys(struct doctor *doctor);

/* doctor_postfix */
void doctor_has_postfix(struct doctor *doctor);
void doctor_setup(struct doctor *doctor);
void doctor_delivery(struct doctor *doctor);
void doctor_exceptions(struct doctor *doctor);
void doctor_timers(struct doctor *doctor);
void doctor_active_queue(struct doctor *doctor);
void doctor_tls_reuse(struct doctor *doctor);
void doctor_tls_required(struct doctor *doctor);
void doctor_chroot(struct doctor *doctor);
void doctor_clients(struct doctor *doctor);

/* doctor_admission */
void doctor_admission(struct doctor *doctor);
void doctor_admission_timeout(struct doctor *doctor);
void doctor_admission_default(struct doctor *doctor);
void doctor_relay(struct doctor *doctor);

/* doctor_bounce */
void doctor_pipe(struct doctor *doctor);
void doctor_pipe_time(struct doctor *doctor);
void doctor_pipe_recipients(struct doctor *doctor);
void doctor_return_path(struct doctor *doctor);

/* doctor_sockets */
void doctor_socket_folder(struct doctor *doctor);
void doctor_socket_modes(struct doctor *doctor);
void doctor_policy(struct doctor *doctor);
void doctor_map(struct doctor *doctor);
void doctor_metrics(struct doctor *doctor);

/* doctor_redis */
void doctor_redis(struct doctor *doctor);
void doctor_redis_version(struct doctor *doctor);
void doctor_redis_eviction(struct doctor *doctor);
void doctor_redis_disk(struct doctor *doctor);
void doctor_redis_memory(struct doctor *doctor);
void doctor_redis_writes(struct doctor *doctor);
void doctor_redis_rights(struct doctor *doctor);
void doctor_redis_latency(struct doctor *doctor);
void doctor_clock(struct doctor *doctor);

/* doctor_node */
void doctor_running(struct doctor *doctor);
void doctor_twins(struct doctor *doctor);
void doctor_open_files(struct doctor *doctor);
void doctor_kernel_view(struct doctor *doctor);

/* doctor_names */
void doctor_resolver(struct doctor *doctor);
void doctor_return_path_mx(struct doctor *doctor);
void doctor_spf(struct doctor *doctor);
void doctor_ptr(struct doctor *doctor);

/* doctor_host */
void doctor_state_folder(struct doctor *doctor);
void doctor_disk(struct doctor *doctor);
void doctor_systemd(struct doctor *doctor);
void doctor_updates(struct doctor *doctor);

#endif
