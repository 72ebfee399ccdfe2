#include "fetch.h"

#include <curl/curl.h>
#include <string.h>

enum { REDIRECTS = 5 };

struct sink {
	struct str *out;
	size_t start, most;
	bool full;
};

bool
fetch_is_url(const char *url)
{
	return (strncmp(url, "https://", 8) == 0 && url[8] != '\0') ||
	       (strncmp(url, "file:///", 8) == 0 && url[8] != '\0');
}

static size_t
on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct sink *sink = arg;
	size_t len = size * count;

	if (sink->out->len - sink->start + len > sink->most) {
		sink->full = true;
		return 0;
	}
	str_add(sink->out, bytes, len);
	return len;
}

static void
set_options(CURL *curl, const char *url, const char *ca, struct sink *sink, char *words)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,file");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)FETCH_SECONDS);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "mxctl/" MXPACE_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	if (*ca == '\0')
		return;
	curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

int
fetch(const char *url, const char *ca, size_t most, struct str *out, struct err *err)
{
	struct sink sink = { .out = out, .start = out->len, .most = most };
	char words[CURL_ERROR_SIZE] = "";
	CURL *curl;
	CURLcode code;

	if (!fetch_is_url(url)) {
		err_set(err, "%s begins with neither https:// nor file:///", url);
		return -1;
	}
	curl = curl_easy_init();
	if (curl == NULL) {
		err_set(err, "libcurl cannot be used");
		return -1;
	}
	set_options(curl, url, ca, &sink, words);
	code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK)
		return 0;
	if (sink.full)
		err_set(err, "%s: larger than %zu bytes", url, most);
	else
		err_set(err, "%s: %s", url, *words != '\0' ? words : curl_easy_strerror(code));
	return -1;
}
