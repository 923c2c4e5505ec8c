/* SPDX-License-Identifier: Apache-2.0
 * pam_bare CONFDIR USER PASSWORD COUNT: signs in through PAM's service skillsd as often as that, one after the other, with
 * nothing around it. Prints the seconds on the clock and those of processor for one. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *password)
{
	(void)messages;
	*responses = calloc((size_t)count, sizeof **responses);
	for (int i = 0; *responses && i < count; i++)
		(*responses)[i].resp = strdup(password);
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static int sign_in(const char *confdir, const char *user, const struct pam_conv *conversation)
{
	pam_handle_t *pam = NULL;
	int code = pam_start_confdir("skillsd", user, conversation, confdir, &pam);
	if (code == PAM_SUCCESS)
		code = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
	if (code == PAM_SUCCESS)
		code = pam_acct_mgmt(pam, PAM_DISALLOW_NULL_AUTHTOK);
	pam_end(pam, code);
	return code;
}

static double seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	const struct pam_conv conversation = {converse, argv[3]};
	int count = atoi(argv[4]);
	double begun = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < count; i++)
		if (sign_in(argv[1], argv[2], &conversation) != PAM_SUCCESS)
			return 1;
	printf("%f %f\n", (seconds(CLOCK_MONOTONIC) - begun) / count, (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) / count);
	return 0;
}
