/*
 * doctor_user - looking at files as another user would: only root can. The process becomes that user
 * for a moment (its effective ids), so that the kernel itself judges.
 */
#ifndef DOCTOR_USER_H
#define DOCTOR_USER_H

#include <stdbool.h>

/* user: a name; group: the only group it then has, as Postfix' programs; NULL: all that are its own.
 * -1: there is no such user or group. In between nothing but looking. */
int doctor_user_enter(const char *user, const char *group);
void doctor_user_leave(void);

/* Whether the user may use a file so (R_OK, W_OK, X_OK of access(2)); false also where it is not
 * there. */
bool doctor_user_may(const char *user, const char *group, const char *path, int mode);

#endif
