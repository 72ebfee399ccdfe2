/*
 * sending_bind - sending IPs as sockets and transports show them: the local address of a connection,
 * the number in a service's name.
 */
#ifndef SENDING_BIND_H
#define SENDING_BIND_H

#include "sending.h"
#include "sockets.h"

struct sending_bind {
	char name[SENDING_IP_SIZE];
	struct sockets_address bind[2]; /* IPv4, IPv6; family 0: any of that family */
};

/* The sending IP of a service ("mxp-google-2"); of any other service, and of a number that is gone,
 * the node's one name. node_name: engine.ip. */
void sending_bind_of_service(const struct settings *settings, const char *node_name,
    struct span service, struct sending_bind *out);
/* The sending IP that is bound to this address, else one that is bound to none. False: neither. */
bool sending_bind_of_address(const struct settings *settings, const char *node_name,
    const struct sockets_address *local, struct sending_bind *out);

#endif
