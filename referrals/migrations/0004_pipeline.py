from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("referrals", "0003_portal_contracts"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="referral",
            index=models.Index(
                fields=["msp", "stage"],
                include=["expected_mrr_minor"],
                condition=models.Q(("stage__in", ["registered", "qualified", "proposal"])),
                name="referral_pipeline",
            ),
        ),
    ]
