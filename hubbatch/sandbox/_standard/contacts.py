"""The properties of contacts and leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LIFECYCLE_STAGES", "TABLES"]

LIFECYCLE_STAGES: Final = "subscriber, lead, marketingqualifiedlead, salesqualifiedlead, opportunity, customer, evangelist, other"
_SOURCES = (
    "ORGANIC_SEARCH, PAID_SEARCH, EMAIL_MARKETING, SOCIAL_MEDIA, REFERRALS, OTHER_CAMPAIGNS, DIRECT_TRAFFIC, "
    "OFFLINE, PAID_SOCIAL, AI_REFERRALS"
)
_CONTACTS = f"""
email | Email | email
hs_additional_emails | Additional email addresses | text
firstname | First Name | text
lastname | Last Name | text
salutation | Salutation | text
phone | Phone Number | phone
mobilephone | Mobile Phone Number | phone
fax | Fax Number | text
company | Company Name | text
jobtitle | Job Title | text
job_function | Job function | text
seniority | Seniority | text
industry | Industry | text
website | Website URL | text
address | Street Address | text
city | City | text
state | State/Region | text
zip | Postal Code | text
country | Country/Region | text
hs_country_region_code | Country/Region Code | text
hs_state_code | State/Region Code | text
hs_language | Preferred language | external
hs_timezone | Time Zone | external
lifecyclestage | Lifecycle Stage | radio | {LIFECYCLE_STAGES}
hs_lead_status | Lead Status | radio | NEW, OPEN, IN_PROGRESS, OPEN_DEAL, UNQUALIFIED, ATTEMPTED_TO_CONTACT, CONNECTED, BAD_TIMING
hs_buying_role | Buying Role | checkbox | BLOCKER, BUDGET_HOLDER, CHAMPION, DECISION_MAKER, END_USER, EXECUTIVE_SPONSOR, INFLUENCER, LEGAL_AND_COMPLIANCE, OTHER
hs_persona | Persona | external
hs_legal_basis | Legal basis for processing contact's data | checkbox | Legitimate interest – prospect/lead, Legitimate interest – existing customer, Legitimate interest - other, Performance of a contract, Freely given consent from contact, Not applicable
hs_marketable_status | Marketing contact status | select! | true, false
hs_role | Employment Role | text
hs_sub_role | Employment Sub Role | text
hs_seniority | Employment Seniority | text
hs_linkedin_url | LinkedIn URL | text
hs_facebookid | Facebook ID | text
hs_googleplusid | Google Plus ID | text
hs_linkedinid | LinkedIn ID | text
hs_twitterid | Twitter ID | text
linkedinbio | LinkedIn Bio | text
linkedinconnections | LinkedIn Connections | number
twitterbio | Twitter Bio | text
twitterhandle | Twitter Username | text
twitterprofilephoto | Twitter Profile Photo | text
followercount | Follower Count | number
kloutscoregeneral | Klout Score | number
message | Message | textarea
numemployees | Number of Employees | select | 1-5, 5-25, 25-50, 50-100, 100-500, 500-1000, 1000+
annualrevenue | Annual Revenue | text
total_revenue | Total Revenue | number!
date_of_birth | Date of birth | text
gender | Gender | text
marital_status | Marital Status | text
military_status | Military status | text
relationship_status | Relationship Status | text
degree | Degree | text
field_of_study | Field of study | text
graduation_date | Graduation date | text
school | School | text
start_date | Start date | text
work_email | Work email | text
company_size | Company size | text
closedate | Close Date | datetime
hs_content_membership_email_confirmed | Email Confirmed | bool
hs_content_membership_notes | Membership Notes | text
hs_content_membership_status | Membership status | select | active, inactive
hs_email_optout | Unsubscribed from all email | bool!
hs_email_bounce | Marketing emails bounced | number!
hs_email_domain | Email Domain | text!
hs_email_open | Marketing emails opened | number!
hs_email_click | Marketing emails clicked | number!
hs_email_delivered | Marketing emails delivered | number!
hs_email_quarantined | Email Address Quarantined | bool!
hs_email_hard_bounce_reason_enum | Email hard bounce reason | select! | BLOCKED, CONTENT, MAILBOX_FULL, OTHER, POLICY, SPAM, UNKNOWN_USER
hs_ip_timezone | IP Timezone | text!
ip_city | IP City | text!
ip_country | IP Country | text!
ip_state | IP State/Region | text!
hs_analytics_source | Original Traffic Source | select | {_SOURCES}
hs_analytics_source_data_1 | Original Traffic Source Drill-Down 1 | text!
hs_analytics_source_data_2 | Original Traffic Source Drill-Down 2 | text!
hs_analytics_num_page_views | Number of Pageviews | number!
hs_analytics_num_visits | Number of Sessions | number!
hs_analytics_first_timestamp | Time First Seen | datetime!
hs_analytics_last_timestamp | Time Last Seen | datetime!
hs_latest_source | Latest Traffic Source | select! | {_SOURCES}
hs_full_name_or_email | Full name or email | text!!
hs_searchable_calculated_phone_number | Phone number calculated without country code | text!!
hs_calculated_phone_number | Calculated Phone Number | text!!
hs_is_contact | Is a contact | bool!
hs_is_unworked | Contact unworked | bool!!
hs_lifecyclestage_lead_date | Date entered lead | datetime!
hs_lifecyclestage_customer_date | Date entered customer | datetime!
hs_predictivecontactscore_v2 | Likelihood to close | number!
hs_time_to_first_engagement | Lead response time | number!
hs_sales_email_last_replied | Recent Sales Email Replied Date | datetime!
hs_lastmodifieddate | Last Modified Date | datetime!
hubspotscore | HubSpot Score | number!
associatedcompanyid | Primary Associated Company ID | number
num_associated_deals | Number of Associated Deals | number!
num_conversion_events | Number of Form Submissions | number!
num_notes | Number of Sales Activities | number!
num_contacted_notes | Number of times contacted | number!
recent_deal_amount | Recent Deal Amount | number!
recent_deal_close_date | Recent Deal Close Date | datetime!
first_deal_created_date | First Deal Created Date | datetime!
first_conversion_date | First Conversion Date | datetime!
recent_conversion_date | Recent Conversion Date | datetime!
notes_last_contacted | Last Contacted | datetime!
notes_last_updated | Last Activity Date | datetime!
notes_next_activity_date | Next Activity Date | datetime!
days_to_close | Days To Close | number!!
"""  # noqa: S608 (a table, and no query)
_LEADS = """
hs_lead_name | Lead Name | text
hs_lead_label | Lead Label | select | HOT, WARM, COLD
hs_lead_type | Lead Type | select | NEW_BUSINESS, RE_ATTEMPTING, UPSELL
hs_pipeline | Pipeline | external
hs_pipeline_stage | Pipeline Stage | external
hs_lead_disqualification_note | Disqualification Note | textarea
hs_lead_disqualification_reason | Disqualification Reason | external
hs_lead_is_disqualified | Is disqualified | bool!
hs_lead_is_open | Is open | bool!
hs_lead_is_qualified | Is qualified | bool!
hs_primary_contact_id | Primary contact ID | number!
hs_primary_company_id | Primary company ID | number!
"""
TABLES: Mapping[str, str] = {"0-1": _CONTACTS, "0-136": _LEADS}
