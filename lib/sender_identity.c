#include "sender_identity.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "domain.h"
#include "pattern.h"

void
sender_name(char out[SENDER_NAME_SIZE], struct span text)
{
	text = span_trim(text);
	if (text.len == 0)
		return;
	if (text.len >= SENDER_NAME_SIZE)
		text.len = SENDER_NAME_SIZE - 1;
	for (size_t i = 0; i < text.len; i++)
		out[i] = (unsigned char)text.ptr[i] < ' ' ? '?' : text.ptr[i];
	out[text.len] = '\0';
}

static void
identify_by_sender(const struct settings *settings, struct span sender,
    struct sender_identity *identity)
{
	char address[ADDR_SIZE];

	if (addr_normalise(sender, address, NULL) != 0 || *address == '\0')
		return;
	if (settings->account_pattern == NULL) {
		sender_name(identity->by_sender, span_of(addr_domain(address)));
		return;
	}
	if (pattern_match(settings->account_pattern, span_of(address)) != 1)
		return;
	sender_name(identity->by_sender, pattern_group(settings->account_pattern, "account"));
	sender_name(identity->campaign, pattern_group(settings->account_pattern, "campaign"));
	sender_name(identity->list, pattern_group(settings->account_pattern, "list"));
}

void
sender_identify(const struct settings *settings, struct span sasl_username, struct span sender,
    struct sender_identity *identity)
{
	identity->account[0] = identity->by_sender[0] = '\0';
	identity->campaign[0] = identity->list[0] = '\0';
	identify_by_sender(settings, sender, identity);
	for (size_t i = 0; i < settings->account_from.count && *identity->account == '\0'; i++) {
		if (strcmp(settings->account_from.items[i], "sasl_username") == 0)
			sender_name(identity->account, sasl_username);
		else
			memcpy(identity->account, identity->by_sender, SENDER_NAME_SIZE);
	}
}

bool
sender_is_exempt(const struct settings *settings, const char *account)
{
	const struct conf_strings *masks = &settings->reputation.exempt;

	for (size_t i = 0; i < masks->count; i++)
		if (domain_matches(masks->items[i], account))
			return true;
	return false;
}
