/* SPDX-License-Identifier: Apache-2.0
 * The schema as tables, and the walk along them. */
#include "verify/schema.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

enum { FAULTS = 10, DEPTH = 64, PATH = 300 };

enum kind {
	STRING,
	TIME,   /* RFC 3339 with its zone */
	DATE,
	NUMBER,
	FLAG,
	JWS,
	LANGUAGE,
	WORD,   /* one of `of`, separated by spaces; one that ends in "ext:" lets in words that begin so */
	TYPES,  /* an array of strings that holds each of `of`; "A|B": one of them */
	CONTEXT,
	OBJECT, /* of the shape `of` */
	PROFILE /* or a string */
};

struct member {
	const char *name;
	enum kind kind;
	const char *of;
	enum { NEEDED = 1, MANY = 2 } how;
};

struct shape {
	const char *name;
	bool closed; /* other members are faults */
	struct member members[26];
};

static const char identifiers[] =
	"name sourcedId systemId productId userName accountId emailAddress nationalIdentityNumber isbn issn lisSourcedId "
	"oneRosterSourcedId sisSourcedId ltiContextId ltiDeploymentId ltiToolId ltiPlatformId ltiUserId identifier ext:";
static const char achievements[] =
	"Achievement ApprenticeshipCertificate Assessment Assignment AssociateDegree Award Badge BachelorDegree Certificate "
	"CertificateOfCompletion Certification CommunityService Competency Course CoCurricular Degree Diploma DoctoralDegree "
	"Fieldwork GeneralEducationDevelopment JourneymanCertificate LearningProgram License Membership ProfessionalDoctorate "
	"QualityAssuranceCredential MasterCertificate MasterDegree MicroCredential ResearchDoctorate SecondarySchoolDiploma ext:";
static const char results[] =
	"GradePointAverage LetterGrade Percent PerformanceLevel PredictedScore RawScore Result RubricCriterion "
	"RubricCriterionLevel RubricScore ScaledScore Status ext:";
static const char targets[] = "ceasn:Competency ceterms:Credential CFItem CFRubric CFRubricCriterion CFRubricCriterionLevel CTDL ext:";

static const struct shape shapes[] = {
	{"AchievementCredential", false, {
		{"@context", CONTEXT, NULL, NEEDED}, {"id", STRING, NULL, NEEDED},
		{"type", TYPES, "VerifiableCredential AchievementCredential|OpenBadgeCredential", NEEDED},
		{"name", STRING}, {"description", STRING}, {"image", OBJECT, "Image"}, {"awardedDate", TIME},
		{"credentialSubject", OBJECT, "AchievementSubject", NEEDED}, {"issuer", PROFILE, NULL, NEEDED},
		{"endorsement", OBJECT, "EndorsementCredential", MANY}, {"endorsementJwt", JWS, NULL, MANY},
		{"evidence", OBJECT, "Evidence", MANY}, {"validFrom", TIME, NULL, NEEDED}, {"validUntil", TIME},
		{"proof", OBJECT, "Proof", MANY}, {"credentialSchema", OBJECT, "Service", MANY},
		{"credentialStatus", OBJECT, "Service"}, {"refreshService", OBJECT, "Service"},
		{"termsOfUse", OBJECT, "TermsOfUse", MANY}}},
	{"EndorsementCredential", false, {
		{"@context", CONTEXT, NULL, NEEDED}, {"id", STRING, NULL, NEEDED},
		{"type", TYPES, "VerifiableCredential EndorsementCredential", NEEDED}, {"name", STRING, NULL, NEEDED},
		{"description", STRING}, {"awardedDate", TIME}, {"credentialSubject", OBJECT, "EndorsementSubject", NEEDED},
		{"issuer", PROFILE, NULL, NEEDED}, {"validFrom", TIME, NULL, NEEDED}, {"validUntil", TIME},
		{"proof", OBJECT, "Proof", MANY}, {"credentialSchema", OBJECT, "Service", MANY},
		{"credentialStatus", OBJECT, "Service"}, {"refreshService", OBJECT, "Service"},
		{"termsOfUse", OBJECT, "TermsOfUse", MANY}}},
	{"EndorsementSubject", false, {
		{"id", STRING, NULL, NEEDED}, {"type", TYPES, "EndorsementSubject", NEEDED}, {"endorsementComment", STRING}}},
	{"AchievementSubject", false, {
		{"id", STRING}, {"type", TYPES, "AchievementSubject", NEEDED}, {"activityEndDate", TIME},
		{"activityStartDate", TIME}, {"creditsEarned", NUMBER}, {"achievement", OBJECT, "Achievement", NEEDED},
		{"identifier", OBJECT, "IdentityObject", MANY}, {"image", OBJECT, "Image"}, {"licenseNumber", STRING},
		{"narrative", STRING}, {"result", OBJECT, "Result", MANY}, {"role", STRING}, {"source", OBJECT, "Profile"},
		{"term", STRING}}},
	{"Achievement", false, {
		{"id", STRING, NULL, NEEDED}, {"type", TYPES, "Achievement", NEEDED}, {"alignment", OBJECT, "Alignment", MANY},
		{"achievementType", WORD, achievements}, {"creator", OBJECT, "Profile"}, {"creditsAvailable", NUMBER},
		{"criteria", OBJECT, "Criteria", NEEDED}, {"description", STRING, NULL, NEEDED},
		{"endorsement", OBJECT, "EndorsementCredential", MANY}, {"endorsementJwt", JWS, NULL, MANY},
		{"fieldOfStudy", STRING}, {"humanCode", STRING}, {"image", OBJECT, "Image"}, {"inLanguage", LANGUAGE},
		{"name", STRING, NULL, NEEDED}, {"otherIdentifier", OBJECT, "IdentifierEntry", MANY},
		{"related", OBJECT, "Related", MANY}, {"resultDescription", OBJECT, "ResultDescription", MANY},
		{"specialization", STRING}, {"tag", STRING, NULL, MANY}, {"version", STRING}}},
	{"Profile", false, {
		{"id", STRING, NULL, NEEDED}, {"type", TYPES, "Profile", NEEDED}, {"name", STRING}, {"url", STRING},
		{"phone", STRING}, {"description", STRING}, {"endorsement", OBJECT, "EndorsementCredential", MANY},
		{"endorsementJwt", JWS, NULL, MANY}, {"image", OBJECT, "Image"}, {"email", STRING},
		{"address", OBJECT, "Address"}, {"otherIdentifier", OBJECT, "IdentifierEntry", MANY}, {"official", STRING},
		{"parentOrg", OBJECT, "Profile"}, {"familyName", STRING}, {"givenName", STRING}, {"additionalName", STRING},
		{"patronymicName", STRING}, {"honorificPrefix", STRING}, {"honorificSuffix", STRING},
		{"familyNamePrefix", STRING}, {"dateOfBirth", DATE}}},
	{"IdentityObject", true, {
		{"type", WORD, "IdentityObject", NEEDED}, {"hashed", FLAG, NULL, NEEDED}, {"identityHash", STRING, NULL, NEEDED},
		{"identityType", WORD, identifiers, NEEDED}, {"salt", STRING}}},
	{"IdentifierEntry", true, {
		{"type", WORD, "IdentifierEntry", NEEDED}, {"identifier", STRING, NULL, NEEDED},
		{"identifierType", WORD, identifiers, NEEDED}}},
	{"Alignment", false, {
		{"type", TYPES, "Alignment", NEEDED}, {"targetCode", STRING}, {"targetDescription", STRING},
		{"targetName", STRING, NULL, NEEDED}, {"targetFramework", STRING}, {"targetType", WORD, targets},
		{"targetUrl", STRING, NULL, NEEDED}}},
	{"Evidence", false, {
		{"id", STRING}, {"type", TYPES, "Evidence", NEEDED}, {"narrative", STRING}, {"name", STRING},
		{"description", STRING}, {"genre", STRING}, {"audience", STRING}}},
	{"Result", false, {
		{"type", TYPES, "Result", NEEDED}, {"achievedLevel", STRING}, {"alignment", OBJECT, "Alignment", MANY},
		{"resultDescription", STRING}, {"status", WORD, "Completed Enrolled Failed InProgress OnHold Provisional Withdrew"},
		{"value", STRING}}},
	{"ResultDescription", false, {
		{"id", STRING, NULL, NEEDED}, {"type", TYPES, "ResultDescription", NEEDED}, {"alignment", OBJECT, "Alignment", MANY},
		{"allowedValue", STRING, NULL, MANY}, {"name", STRING, NULL, NEEDED}, {"requiredLevel", STRING},
		{"requiredValue", STRING}, {"resultType", WORD, results, NEEDED},
		{"rubricCriterionLevel", OBJECT, "RubricCriterionLevel", MANY}, {"valueMax", STRING}, {"valueMin", STRING}}},
	{"RubricCriterionLevel", false, {
		{"id", STRING, NULL, NEEDED}, {"type", TYPES, "RubricCriterionLevel", NEEDED},
		{"alignment", OBJECT, "Alignment", MANY}, {"description", STRING}, {"level", STRING},
		{"name", STRING, NULL, NEEDED}, {"points", STRING}}},
	{"Related", false, {
		{"id", STRING, NULL, NEEDED}, {"type", TYPES, "Related", NEEDED}, {"inLanguage", LANGUAGE}, {"version", STRING}}},
	{"Image", true, {{"id", STRING, NULL, NEEDED}, {"type", WORD, "Image", NEEDED}, {"caption", STRING}}},
	{"Criteria", false, {{"id", STRING}, {"narrative", STRING}}},
	{"Address", false, {
		{"type", TYPES, "Address", NEEDED}, {"addressCountry", STRING}, {"addressCountryCode", STRING},
		{"addressRegion", STRING}, {"addressLocality", STRING}, {"streetAddress", STRING},
		{"postOfficeBoxNumber", STRING}, {"postalCode", STRING}, {"geo", OBJECT, "GeoCoordinates"}}},
	{"GeoCoordinates", false, {
		{"type", WORD, "GeoCoordinates", NEEDED}, {"latitude", NUMBER, NULL, NEEDED}, {"longitude", NUMBER, NULL, NEEDED}}},
	{"Proof", false, {
		{"type", STRING, NULL, NEEDED}, {"created", TIME}, {"cryptosuite", STRING}, {"challenge", STRING},
		{"domain", STRING}, {"nonce", STRING}, {"proofPurpose", STRING}, {"proofValue", STRING},
		{"verificationMethod", STRING}}},
	{"Service", false, {{"id", STRING, NULL, NEEDED}, {"type", STRING, NULL, NEEDED}}},
	{"TermsOfUse", false, {{"id", STRING}, {"type", STRING, NULL, NEEDED}}},
};

/* ---- the walk ---- */

/* Where the walk is: pieces of the pointer from the inside out. */
struct place {
	const struct place *around;
	const char *name; /* NULL: an element */
	size_t index;
};

struct walk {
	struct text *faults;
	unsigned count;
};

static void pointer_put(struct text *to, const struct place *place)
{
	if (!place)
		return;
	pointer_put(to, place->around);
	text_adds(to, "/");
	if (!place->name) {
		text_addf(to, "%zu", place->index);
		return;
	}
	for (const char *at = text_shown(to->owner, place->name); *at; at++)
		if (*at == '~' || *at == '/')
			text_adds(to, *at == '~' ? "~0" : "~1");
		else
			text_add(to, at, 1);
}

static void fault(struct walk *walk, const struct place *place, const char *sentence, const char *word)
{
	if (walk->count++ >= FAULTS)
		return;
	if (walk->count > 1)
		text_adds(walk->faults, "; ");
	if (place)
		pointer_put(walk->faults, place);
	else
		text_adds(walk->faults, "(whole)");
	text_addf(walk->faults, ": %s%s", sentence, word);
}

static bool word_among(const char *words, const char *word)
{
	size_t size = strlen(word);
	for (const char *at = words; *at; at += strcspn(at, " |"), at += *at != '\0') {
		size_t length = strcspn(at, " |");
		if (length == size && memcmp(at, word, size) == 0)
			return strcmp(word, "ext:") != 0;
		if (length == 4 && memcmp(at, "ext:", 4) == 0 && strncmp(word, "ext:", 4) == 0)
			return true;
	}
	return false;
}

static bool array_holds(const json_t *array, const char *words)
{
	size_t i;
	json_t *item;
	json_array_foreach ((json_t *)array, i, item)
		if (json_is_string(item) && word_among(words, json_string_value(item)))
			return true;
	return false;
}

static void types_check(struct walk *walk, const struct place *place, const json_t *value, const char *of)
{
	char words[64];
	size_t i;
	json_t *item;
	if (!json_is_array(value)) {
		fault(walk, place, "is not an array", "");
		return;
	}
	json_array_foreach ((json_t *)value, i, item) {
		const struct place at = {place, NULL, i};
		if (!json_is_string(item))
			fault(walk, &at, "is not a string", "");
	}
	for (size_t size; *of; of += size + (of[size] == ' ')) {
		size = strcspn(of, " ");
		memcpy(words, of, size);
		words[size] = '\0';
		if (!array_holds(value, words))
			fault(walk, place, "does not hold ", words);
	}
}

/* https://purl.imsglobal.org/spec/ob/v3p0/context(-3.D.D)*.json */
static bool is_ob_context(const char *text)
{
	static const char begin[] = "https://purl.imsglobal.org/spec/ob/v3p0/context";
	if (!text || strncmp(text, begin, sizeof begin - 1) != 0)
		return false;
	text += sizeof begin - 1;
	while (strncmp(text, "-3.", 3) == 0 && text[3] >= '0' && text[3] <= '9' && text[4] == '.' && text[5] >= '0' &&
	       text[5] <= '9')
		text += 6;
	return strcmp(text, ".json") == 0;
}

static void context_check(struct walk *walk, const struct place *place, const json_t *value)
{
	const struct place first = {place, NULL, 0}, second = {place, NULL, 1};
	const char *vc = json_string_value(json_array_get(value, 0));
	if (!json_is_array(value)) {
		fault(walk, place, "is not an array", "");
		return;
	}
	if (!vc || strcmp(vc, "https://www.w3.org/ns/credentials/v2") != 0)
		fault(walk, &first, "is not https://www.w3.org/ns/credentials/v2", "");
	if (!is_ob_context(json_string_value(json_array_get(value, 1))))
		fault(walk, &second, "is not the context of Open Badges 3.0", "");
}

static bool digits(const char **at, size_t count)
{
	for (; count; count--, ++*at)
		if (**at < '0' || **at > '9')
			return false;
	return true;
}

static bool is_date(const char *text)
{
	const char *at = text;
	int64_t time;
	return text && digits(&at, 4) && *at++ == '-' && digits(&at, 2) && *at++ == '-' && digits(&at, 2) && !*at &&
	       time_parse(text, &time);
}

static bool is_time(const char *text)
{
	int64_t time;
	return text && strchr(text, 'T') && time_parse(text, &time);
}

static bool letters(const char **at, char first, char last, size_t least, size_t most)
{
	size_t count = 0;
	for (; count < most && **at >= first && **at <= last; ++*at)
		count++;
	return count >= least;
}

/* xx, xx-Xxxx, xx-XX, xx-999, xx-Xxxx-XX */
static bool is_language(const char *at)
{
	if (!at || !letters(&at, 'a', 'z', 2, 4))
		return false;
	if (at[0] == '-' && at[1] >= 'A' && at[1] <= 'Z' && at[2] >= 'a' && at[2] <= 'z') {
		at += 2;
		if (!letters(&at, 'a', 'z', 3, 3))
			return false;
	}
	if (at[0] == '-') {
		at++;
		if (*at >= '0' && *at <= '9' ? !digits(&at, 3) : !letters(&at, 'A', 'Z', 2, 2))
			return false;
	}
	return !*at;
}

static bool is_jws(const char *text)
{
	static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (int i = 0; text && i < 3; i++) {
		size_t size = strspn(text, digits64);
		if ((!size && i != 1) || text[size] != (i < 2 ? '.' : '\0'))
			return false;
		text += size + 1;
	}
	return text;
}

static void object_check(struct walk *walk, const struct place *place, const json_t *object, const char *name, int depth);

/* What is wrong with a single word; NULL: nothing. */
static const char *text_wrong(enum kind kind, const char *of, const char *text)
{
	switch (kind) {
	case TIME:
		return is_time(text) ? NULL : "is not a date and time with a zone";
	case DATE:
		return is_date(text) ? NULL : "is not a date";
	case LANGUAGE:
		return is_language(text) ? NULL : "is not a language, as en or en-US";
	case JWS:
		return is_jws(text) ? NULL : "is not a compact JWS";
	case WORD:
		return text && word_among(of, text) ? NULL : "is none of the words that may stand here";
	default:
		return text ? NULL : "is not a string";
	}
}

static const char *value_wrong(const struct member *member, const json_t *value)
{
	if (member->kind == NUMBER)
		return json_is_number(value) ? NULL : "is not a number";
	if (member->kind == FLAG)
		return json_is_boolean(value) ? NULL : "is not true or false";
	return text_wrong(member->kind, member->of, json_string_value(value));
}

static void value_check(struct walk *walk, const struct place *place, const json_t *value, const struct member *member,
			int depth)
{
	const char *wrong;
	if (member->kind == TYPES)
		types_check(walk, place, value, member->of);
	else if (member->kind == CONTEXT)
		context_check(walk, place, value);
	else if (member->kind == OBJECT || (member->kind == PROFILE && !json_is_string(value)))
		object_check(walk, place, value, member->kind == OBJECT ? member->of : "Profile", depth);
	else if ((wrong = value_wrong(member, value)))
		fault(walk, place, wrong, "");
}

static void member_check(struct walk *walk, const struct place *place, const json_t *value, const struct member *member,
			 int depth)
{
	size_t i;
	json_t *item;
	if (!(member->how & MANY)) {
		value_check(walk, place, value, member, depth);
		return;
	}
	if (!json_is_array(value))
		fault(walk, place, "is not an array", "");
	json_array_foreach ((json_t *)value, i, item) {
		const struct place at = {place, NULL, i};
		value_check(walk, &at, item, member, depth);
	}
}

static const struct shape *shape_find(const char *name)
{
	size_t i = 0;
	while (strcmp(shapes[i].name, name) != 0)
		i++;
	return &shapes[i];
}

static void strangers_check(struct walk *walk, const struct place *place, const json_t *object, const struct shape *shape)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)object, name, value) {
		const struct place at = {place, name, 0};
		const struct member *member = shape->members;
		while (member->name && strcmp(member->name, name) != 0)
			member++;
		if (!member->name)
			fault(walk, &at, "does not belong into an ", shape->name);
	}
}

static void object_check(struct walk *walk, const struct place *place, const json_t *object, const char *name, int depth)
{
	const struct shape *shape = shape_find(name);
	if (!json_is_object(object) || depth == DEPTH) {
		fault(walk, place, depth == DEPTH ? "is nested too deep" : "is not an object", "");
		return;
	}
	for (const struct member *member = shape->members; member->name; member++) {
		const struct place at = {place, member->name, 0};
		const json_t *value = json_object_get(object, member->name);
		if (value && !json_is_null(value))
			member_check(walk, &at, value, member, depth + 1);
		else if (!value && member->how & NEEDED)
			fault(walk, &at, "is absent", "");
	}
	if (shape->closed)
		strangers_check(walk, place, object, shape);
}

/* Whatever its meaning, nothing is null or an empty array. */
static void empties_check(struct walk *walk, const struct place *place, const json_t *value, int depth)
{
	const char *name;
	size_t i;
	json_t *item;
	if (json_is_null(value) || (json_is_array(value) && !json_array_size(value)))
		fault(walk, place, json_is_null(value) ? "is null" : "is an empty array", ", and should be left out");
	if (depth == DEPTH)
		return;
	json_array_foreach ((json_t *)value, i, item) {
		const struct place at = {place, NULL, i};
		empties_check(walk, &at, item, depth + 1);
	}
	json_object_foreach ((json_t *)value, name, item) {
		const struct place at = {place, name, 0};
		empties_check(walk, &at, item, depth + 1);
	}
}

unsigned schema_check(const json_t *credential, const char *shape, struct text *faults)
{
	struct walk walk = {.faults = faults};
	object_check(&walk, NULL, credential, shape, 0);
	empties_check(&walk, NULL, credential, 0);
	if (walk.count > FAULTS)
		text_addf(faults, "; and %u more", walk.count - FAULTS);
	return walk.count;
}
