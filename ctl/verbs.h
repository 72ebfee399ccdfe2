/*
 * verbs - the functions of mxctl's commands, one family a file.
 */
#ifndef VERBS_H
#define VERBS_H

#include "ctl.h"

enum ctl_exit status(struct ctl *ctl);

enum ctl_exit group_list(struct ctl *ctl);
enum ctl_exit group_show(struct ctl *ctl);
enum ctl_exit group_pause(struct ctl *ctl);
enum ctl_exit group_resume(struct ctl *ctl);
enum ctl_exit group_flush(struct ctl *ctl);

enum ctl_exit backoff_list(struct ctl *ctl);
enum ctl_exit backoff_set(struct ctl *ctl);
enum ctl_exit backoff_clear(struct ctl *ctl);

enum ctl_exit warmup_start(struct ctl *ctl);
enum ctl_exit warmup_show(struct ctl *ctl);
enum ctl_exit warmup_pause(struct ctl *ctl);
enum ctl_exit warmup_resume(struct ctl *ctl);
enum ctl_exit warmup_skip_stage(struct ctl *ctl);
enum ctl_exit warmup_stop(struct ctl *ctl);

enum ctl_exit level(struct ctl *ctl);

enum ctl_exit account_list(struct ctl *ctl);
enum ctl_exit account_show(struct ctl *ctl);
enum ctl_exit account_suspend(struct ctl *ctl);
enum ctl_exit account_resume(struct ctl *ctl);
enum ctl_exit account_exempt(struct ctl *ctl);

enum ctl_exit campaign_list(struct ctl *ctl);
enum ctl_exit campaign_show(struct ctl *ctl);

enum ctl_exit explain(struct ctl *ctl);

enum ctl_exit quarantine_list(struct ctl *ctl);
enum ctl_exit quarantine_show(struct ctl *ctl);
enum ctl_exit quarantine_add(struct ctl *ctl);
enum ctl_exit quarantine_remove(struct ctl *ctl);
enum ctl_exit quarantine_delivered(struct ctl *ctl);
enum ctl_exit quarantine_guard(struct ctl *ctl);
enum ctl_exit quarantine_stats(struct ctl *ctl);
enum ctl_exit quarantine_undo(struct ctl *ctl);
enum ctl_exit quarantine_redo(struct ctl *ctl);
enum ctl_exit quarantine_export(struct ctl *ctl);
enum ctl_exit quarantine_import(struct ctl *ctl);

enum ctl_exit report_show(struct ctl *ctl);
enum ctl_exit events(struct ctl *ctl);
enum ctl_exit trace(struct ctl *ctl);
enum ctl_exit notify(struct ctl *ctl);

enum ctl_exit classify_lines(struct ctl *ctl);
enum ctl_exit bounce_test(struct ctl *ctl);
enum ctl_exit bounce_unclassified(struct ctl *ctl);

enum ctl_exit rules_check(struct ctl *ctl);
enum ctl_exit rules_show(struct ctl *ctl);
enum ctl_exit rules_update(struct ctl *ctl);
enum ctl_exit rules_diff(struct ctl *ctl);
enum ctl_exit rules_rollback(struct ctl *ctl);
enum ctl_exit rules_list(struct ctl *ctl);
enum ctl_exit rules_history(struct ctl *ctl);
enum ctl_exit rules_publish(struct ctl *ctl);
enum ctl_exit rules_key(struct ctl *ctl);

enum ctl_exit verify_list(struct ctl *ctl);

enum ctl_exit verp_sign_path(struct ctl *ctl);
enum ctl_exit verp_check_path(struct ctl *ctl);
enum ctl_exit verp_make_key(struct ctl *ctl);

enum ctl_exit postfix_setup(struct ctl *ctl);
enum ctl_exit postfix_show(struct ctl *ctl);
enum ctl_exit postfix_remove(struct ctl *ctl);

enum ctl_exit doctor_run(struct ctl *ctl);

enum ctl_exit completion(struct ctl *ctl);

#endif
