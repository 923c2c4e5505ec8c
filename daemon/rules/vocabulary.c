/* SPDX-License-Identifier: Apache-2.0
 * Vocabularies. */
#include "rules/vocabulary.h"

#include <string.h>

enum { OWN_MAX = 100 };

static const struct {
	const char *what, *words;
	bool closed;
} vocabularies[] = {
	[VOCABULARY_ACHIEVEMENT] =
		{"an achievement type of Open Badges 3.0, such as MicroCredential",
		 " Achievement ApprenticeshipCertificate Assessment Assignment AssociateDegree Award Badge BachelorDegree Certificate"
		 " CertificateOfCompletion Certification CoCurricular CommunityService Competency Course Degree Diploma"
		 " DoctoralDegree Fieldwork GeneralEducationDevelopment JourneymanCertificate LearningProgram License"
		 " MasterCertificate MasterDegree Membership MicroCredential ProfessionalDoctorate QualityAssuranceCredential"
		 " ResearchDoctorate SecondarySchoolDiploma "},
	[VOCABULARY_ALIGNMENT] =
		{"a target type of Open Badges 3.0, such as CFItem",
		 " ceasn:Competency ceterms:Credential CFItem CFRubric CFRubricCriterion CFRubricCriterionLevel CTDL "},
	[VOCABULARY_RESULT] =
		{"a result type of Open Badges 3.0, such as LetterGrade",
		 " GradePointAverage LetterGrade Percent PerformanceLevel PredictedScore RawScore Result RubricCriterion"
		 " RubricCriterionLevel RubricScore ScaledScore Status "},
	[VOCABULARY_STATUS] =
		{"a status of Open Badges 3.0: Completed, Enrolled, Failed, InProgress, OnHold, Provisional or Withdrew",
		 " Completed Enrolled Failed InProgress OnHold Provisional Withdrew ", true},
};

static bool is_own(const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	return strncmp(word, "ext:", 4) == 0 && word[4] && !word[4 + strspn(word + 4, letters)] && strlen(word) <= OWN_MAX;
}

enum skd_outcome vocabulary_check(struct skd_call *call, const char *field, enum vocabulary vocabulary, const char *word)
{
	bool closed = vocabularies[vocabulary].closed;
	bool single = *word && !strchr(word, ' ');
	if ((single && strstr(vocabularies[vocabulary].words, talloc_asprintf(call, " %s ", word))) || (!closed && is_own(word)))
		return SKD_OK;
	return fail_field(call, field, "must be %s%s", vocabularies[vocabulary].what, closed ? "" : ", or one's own behind ext:");
}
