/* SPDX-License-Identifier: Apache-2.0
 * Which shape stands for which type of achievement. */
#include "draw/shapes.h"

#include <string.h>

/* Each fills a square of 400 but for a margin where the ring is, its middle at 200, 200. */
static const char *const shapes[] = {
	[SHAPE_DISC] = "M200 60a140 140 0 1 1 0 280a140 140 0 1 1 0-280z",
	[SHAPE_HEXAGON] = "M200 56L325 128V272L200 344L75 272V128z",
	[SHAPE_PAGE] = "M110 80H290A30 30 0 0 1 320 110V290A30 30 0 0 1 290 320H110A30 30 0 0 1 80 290V110A30 30 0 0 1 110 80z",
	[SHAPE_SHIELD] = "M200 56C240 82 280 92 322 92V196C322 266 268 318 200 346C132 318 78 266 78 196V92C120 92 160 82 200 56z",
	[SHAPE_SEAL] = ("M200 58L233 85L275 80L287 121L325 140L311 180L331 218L300 247L300 290L258 296L233 331L195 312L155 327"
			"L131 292L89 284L91 241L61 210L84 174L72 133L112 115L128 75L170 83z"),
	[SHAPE_STAR] = "M200 48L261 122L350 157L299 238L293 334L200 310L107 334L101 238L50 157L139 122z",
	[SHAPE_DIAMOND] = "M200 50L342 200L200 350L58 200z",
	[SHAPE_CAP] = "M200 66L352 140L300 165V282C262 322 138 322 100 282V165L48 140z",
	[SHAPE_SCROLL] = "M70 110H330C348 150 348 250 330 290H70C52 250 52 150 70 110z",
};

static const struct {
	const char *type;
	enum shape shape;
} families[] = {
	{"Achievement", SHAPE_DISC}, {"Badge", SHAPE_DISC},
	{"Assessment", SHAPE_HEXAGON}, {"Competency", SHAPE_HEXAGON}, {"MicroCredential", SHAPE_HEXAGON},
	{"Assignment", SHAPE_PAGE}, {"CoCurricular", SHAPE_PAGE}, {"Course", SHAPE_PAGE}, {"Fieldwork", SHAPE_PAGE},
	{"LearningProgram", SHAPE_PAGE},
	{"Certification", SHAPE_SHIELD}, {"License", SHAPE_SHIELD}, {"QualityAssuranceCredential", SHAPE_SHIELD},
	{"ApprenticeshipCertificate", SHAPE_SEAL}, {"Certificate", SHAPE_SEAL}, {"CertificateOfCompletion", SHAPE_SEAL},
	{"JourneymanCertificate", SHAPE_SEAL}, {"MasterCertificate", SHAPE_SEAL},
	{"Award", SHAPE_STAR},
	{"CommunityService", SHAPE_DIAMOND}, {"Membership", SHAPE_DIAMOND},
	{"AssociateDegree", SHAPE_CAP}, {"BachelorDegree", SHAPE_CAP}, {"Degree", SHAPE_CAP}, {"DoctoralDegree", SHAPE_CAP},
	{"MasterDegree", SHAPE_CAP}, {"ProfessionalDoctorate", SHAPE_CAP}, {"ResearchDoctorate", SHAPE_CAP},
	{"Diploma", SHAPE_SCROLL}, {"GeneralEducationDevelopment", SHAPE_SCROLL}, {"SecondarySchoolDiploma", SHAPE_SCROLL},
};

enum shape shape_of(const char *type)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (strcmp(families[i].type, type) == 0)
			return families[i].shape;
	return SHAPE_DISC;
}

enum shape shape_named(const char *name)
{
	static const char *const names[SHAPES] = {"disc", "hexagon", "page", "shield", "seal", "star", "diamond", "cap", "scroll"};
	enum shape shape = 0;
	while (shape < SHAPES && strcmp(names[shape], name) != 0)
		shape++;
	return shape;
}

const char *shape_path(enum shape shape)
{
	return shapes[shape];
}
