/* SPDX-License-Identifier: Apache-2.0
 * A PAM module for the gate's tests: asks for a password and, where told to, for a code in a second
 * turn. Arguments: pw=, otp= (none: no second turn), user= (the name it gives the account),
 * delay_us= (the failure delay it wishes for), block_s= (sleeps first). */
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *argument(int argc, const char **argv, const char *key)
{
	size_t size = strlen(key);
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], key, size) == 0 && argv[i][size] == '=')
			return argv[i] + size + 1;
	return NULL;
}

/* PAM_AUTH_ERR for anything but `expected`. */
static int ask(pam_handle_t *pam, int style, const char *prompt, const char *expected)
{
	char *typed = NULL;
	if (pam_prompt(pam, style, &typed, "%s", prompt) != PAM_SUCCESS || !typed)
		return PAM_CONV_ERR;
	int code = expected && strcmp(typed, expected) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
	free(typed);
	return code;
}

/* A wrong password is not told before the code has been asked for. */
static int ask_both(pam_handle_t *pam, const char *password, const char *code)
{
	int first = ask(pam, PAM_PROMPT_ECHO_OFF, "Password: ", password);
	if (!code || first == PAM_CONV_ERR)
		return first;
	pam_info(pam, "Use your token");
	int second = ask(pam, PAM_PROMPT_ECHO_ON, "OTP: ", code);
	return second == PAM_SUCCESS ? first : second;
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const char *user = argument(argc, argv, "user"), *delay = argument(argc, argv, "delay_us");
	const char *block = argument(argc, argv, "block_s");
	(void)flags;
	if (delay)
		pam_fail_delay(pam, (unsigned)atoi(delay));
	if (block)
		sleep((unsigned)atoi(block));
	int code = ask_both(pam, argument(argc, argv, "pw"), argument(argc, argv, "otp"));
	if (code == PAM_SUCCESS && user)
		pam_set_item(pam, PAM_USER, user);
	return code;
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
