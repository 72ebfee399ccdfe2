/*
 * sending - under which name this node sends: what its limits are counted by.
 *
 * The first configured sending IP that exists on this node; without any, the address the system
 * would send from (IPv4 before IPv6), and "127.0.0.1" where there is no route at all. With
 * enforce = "admission" Postfix chooses the address itself, so one name stands for the node.
 */
#ifndef SENDING_H
#define SENDING_H

#include "settings.h"

enum { SENDING_IP_SIZE = 64 };

void sending_ip_name(const struct settings *settings, char out[SENDING_IP_SIZE]);

#endif
