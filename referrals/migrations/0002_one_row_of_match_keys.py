import django.db.models.deletion
import django.db.models.functions.uuid
from django.db import migrations, models

import elinkages.kernel.constraints
import elinkages.kernel.tenancy
import referrals.models.referral


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("referrals", "0001_initial"),
    ]

    operations = [
        migrations.DeleteModel(
            name="MatchKey",
        ),
        migrations.CreateModel(
            name="MatchKeys",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.functions.uuid.UUID7(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("company", models.CharField(max_length=160)),
                ("website", models.CharField(blank=True, help_text="The domain of the website.", max_length=254)),
                (
                    "mail",
                    models.CharField(
                        blank=True, help_text="The domain of the address, if it is another one.", max_length=254
                    ),
                ),
                ("email", models.CharField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=254)),
                ("begins", models.CharField(blank=True, max_length=60)),
                ("word", models.CharField(blank=True, max_length=60)),
                ("other_word", models.CharField(blank=True, max_length=60)),
                ("tail", models.CharField(blank=True, max_length=60)),
                ("sounds", models.CharField(blank=True, max_length=60)),
                (
                    "client",
                    elinkages.kernel.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="match_keys",
                        to="referrals.client",
                    ),
                ),
                (
                    "msp",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        default=elinkages.kernel.tenancy.current_msp_id,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.msp",
                    ),
                ),
                (
                    "referral",
                    elinkages.kernel.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="match_keys",
                        to="referrals.referral",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["msp", "company"], name="match_keys_company"),
                    models.Index(
                        condition=models.Q(("website", ""), _negated=True),
                        fields=["msp", "website"],
                        name="match_keys_website",
                    ),
                    models.Index(
                        condition=models.Q(("mail", ""), _negated=True), fields=["msp", "mail"], name="match_keys_mail"
                    ),
                    models.Index(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=["msp", "email"],
                        name="match_keys_email",
                    ),
                    models.Index(
                        condition=models.Q(("phone", ""), _negated=True),
                        fields=["msp", "phone"],
                        name="match_keys_phone",
                    ),
                    models.Index(
                        condition=models.Q(("begins", ""), _negated=True),
                        fields=["msp", "begins"],
                        name="match_keys_begins",
                    ),
                    models.Index(
                        condition=models.Q(("word", ""), _negated=True), fields=["msp", "word"], name="match_keys_word"
                    ),
                    models.Index(
                        condition=models.Q(("other_word", ""), _negated=True),
                        fields=["msp", "other_word"],
                        name="match_keys_other_word",
                    ),
                    models.Index(
                        condition=models.Q(("tail", ""), _negated=True), fields=["msp", "tail"], name="match_keys_tail"
                    ),
                    models.Index(
                        condition=models.Q(("sounds", ""), _negated=True),
                        fields=["msp", "sounds"],
                        name="match_keys_sounds",
                    ),
                ],
                "constraints": [
                    elinkages.kernel.tenancy.TenantIsolation(name="match_keys_isolated", portal=""),
                    elinkages.kernel.tenancy.SameTenant(
                        deferred=False, field="referral", name="match_keys_referral_same_msp"
                    ),
                    elinkages.kernel.tenancy.SameTenant(
                        deferred=False, field="client", name="match_keys_client_same_msp"
                    ),
                    elinkages.kernel.constraints.EveryMspAlike(name="match_keys_every_msp_alike"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("client__isnull", False), ("referral__isnull", True)),
                            models.Q(("client__isnull", True), ("referral__isnull", False)),
                            _connector="OR",
                        ),
                        name="match_keys_of_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("referral__isnull", False)),
                        fields=("msp", "referral"),
                        name="match_keys_referral_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("client__isnull", False)),
                        fields=("msp", "client"),
                        name="match_keys_client_once",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="credit", name="credit_shares_within_whole"),
        migrations.AddConstraint(
            model_name="credit",
            constraint=referrals.models.referral.SharesWithinWhole(name="credit_shares_within_whole"),
        ),
    ]
