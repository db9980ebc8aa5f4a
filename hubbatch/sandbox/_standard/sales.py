"""The properties of deals, tickets, products, line items and quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SETTABLE_CREATION", "TABLES"]

SETTABLE_CREATION = frozenset({"0-3", "0-5"})
"""Types whose records can be given a date of creation."""

_DEALS = """
dealname | Deal Name | text
amount | Amount | number
deal_currency_code | Currency | external
closedate | Close Date | datetime
pipeline | Pipeline | external
dealstage | Deal Stage | external
dealtype | Deal Type | radio | newbusiness, existingbusiness
description | Deal Description | textarea
closed_lost_reason | Closed Lost Reason | textarea
closed_won_reason | Closed Won Reason | textarea
hs_next_step | Next step | text
hs_priority | Priority | select | low, medium, high
hs_campaign | HubSpot Campaign | external
hs_forecast_amount | Forecast amount | number
hs_forecast_probability | Forecast probability | number
hs_manual_forecast_category | Forecast category | select | OMIT, PIPELINE, BEST_CASE, COMMIT, CLOSED
hs_deal_stage_probability | Deal probability | number
hs_likelihood_to_close | Likelihood to close by the close date | number!
hs_manual_campaign_ids | Manual campaign IDs | external
hs_primary_associated_company | Primary Associated Company | number!
hs_analytics_source | Original Traffic Source | external
hs_analytics_source_data_1 | Original Traffic Source Drill-Down 1 | text!
hs_acv | Annual contract value | number
hs_arr | Annual recurring revenue | number
hs_mrr | Monthly recurring revenue | number
hs_tcv | Total contract value | number
hs_tag_ids | Deal Tags | external
hs_is_closed | Is Deal Closed? | bool!!
hs_is_closed_won | Is Closed Won | bool!!
hs_is_closed_lost | Is closed lost | bool!!
hs_closed_amount | Closed Deal Amount | number!!
hs_projected_amount | Weighted amount | number!!
hs_closed_amount_in_home_currency | Closed Deal Amount In Home Currency | number!!
hs_projected_amount_in_home_currency | Weighted Amount in company currency | number!!
hs_num_of_associated_line_items | Number of Associated Line Items | number!
hs_num_associated_deal_splits | Number of Deal Splits | number!
hs_date_entered_closedwon | Date entered closed won | datetime!
hs_date_entered_closedlost | Date entered closed lost | datetime!
hs_v2_date_entered_current_stage | Date entered current stage | datetime!
amount_in_home_currency | Amount in company currency | number!!
days_to_close | Days to close | number!!
num_associated_contacts | Number of Associated Contacts | number!
num_contacted_notes | Number of times contacted | number!
num_notes | Number of Sales Activities | number!
notes_last_contacted | Last Contacted | datetime!
notes_last_updated | Last Activity Date | datetime!
notes_next_activity_date | Next Activity Date | datetime!
engagements_last_meeting_booked | Date of last meeting booked | datetime!
"""
_TICKETS = """
subject | Ticket name | text
content | Ticket description | textarea
hs_pipeline | Pipeline | external
hs_pipeline_stage | Ticket status | external
hs_ticket_priority | Priority | select | LOW, MEDIUM, HIGH, URGENT
hs_ticket_category | Category | checkbox | PRODUCT_ISSUE, BILLING_ISSUE, FEATURE_REQUEST, GENERAL_INQUIRY
hs_resolution | Resolution | select | ISSUE_FIXED, FEATURE_REQUEST_TRACKED, QUESTION_ANSWERED, CUSTOMER_FIXED
hs_file_upload | File upload | text
hs_due_date | Due date | datetime
hs_tag_ids | Ticket Tags | external
source_type | Source | select | CHAT, EMAIL, FORM, PHONE, CONVERSATION, IN_APP
source_ref | Reference to source-specific object | text
source_thread_id | Reference to email thread | text
closed_date | Close date | datetime
first_agent_reply_date | First agent email response date | datetime
last_reply_date | Last Customer Reply Date | datetime
last_engagement_date | Date of last engagement | datetime
created_by | Created by | number
hs_custom_inbox | Custom inbox ID | number
hs_external_object_ids | External object ids | text
hs_ticket_id | Ticket ID | number!
hs_is_closed | Is Closed | bool!!
hs_num_times_contacted | Number of times contacted | number!
hs_num_associated_companies | Number of Associated Companies | number!
time_to_close | Time to close | number!!
time_to_first_agent_reply | Time to first agent email reply | number!!
hs_lastactivitydate | Last Activity Date | datetime!
hs_lastcontacted | Last Contacted Date | datetime!
hs_nextactivitydate | Next activity date | datetime!
num_notes | Number of Sales Activities | number!
"""
_PRODUCTS = """
name | Name | text
description | Product description | textarea
price | Unit price | number
hs_cost_of_goods_sold | Unit cost | number
hs_sku | SKU | text
hs_url | URL | text
hs_images | Image URL | text
hs_folder_id | Folder | number
hs_product_type | Product Type | select | inventory, non_inventory, service
hs_product_classification | Product classification | select | standalone, bundle, variant
hs_status | Status | select | active, inactive
hs_recurring_billing_period | Term | text
hs_recurring_billing_start_date | Billing start date | date
recurringbillingfrequency | Billing frequency | select | weekly, biweekly, monthly, quarterly, per_six_months, annually, per_two_years, per_three_years, per_four_years, per_five_years
hs_pricing_model | Pricing model | select | flat, volume, graduated, stairstep
hs_avatar_filemanager_key | Avatar FileManager key | text!
amount | Amount | number
discount | Unit discount | number
tax | Tax | number
quantity | Quantity | number
"""
_LINE_ITEMS = """
name | Name | text
description | Description | textarea
price | Unit price | number
quantity | Quantity | number
amount | Net price | number
discount | Unit discount | number
hs_discount_percentage | Discount Percentage | number
hs_line_item_currency_code | Currency | external
hs_product_id | Product ID | number
hs_sku | SKU | text
hs_url | URL | text
hs_images | Image URL | text
hs_cost_of_goods_sold | Unit cost | number
hs_recurring_billing_period | Term | text
hs_recurring_billing_start_date | Billing start date | date
hs_recurring_billing_number_of_payments | Number of payments | number
hs_billing_start_delay_type | Billing start delay type | select | hs_billing_start_delay_days, hs_billing_start_delay_months
hs_billing_start_delay_days | Billing start delay days | number
hs_billing_start_delay_months | Billing start delay months | number
recurringbillingfrequency | Billing frequency | select | weekly, biweekly, monthly, quarterly, per_six_months, annually, per_two_years, per_three_years, per_four_years, per_five_years
hs_position_on_quote | Position on quote | number
hs_tax_rate_group_id | Tax rate | external
hs_pricing_model | Pricing model | select | flat, volume, graduated, stairstep
tax | Tax | number
hs_acv | Annual contract value | number!!
hs_arr | Annual recurring revenue | number!!
hs_mrr | Monthly recurring revenue | number!!
hs_tcv | Total contract value | number!!
hs_margin | Margin | number!!
hs_total_discount | Total discount | number!!
hs_term_in_months | Term in months | number!!
hs_effective_unit_price | Effective unit price | number!!
"""
_QUOTES = """
hs_title | Title | text
hs_expiration_date | Expiration Date | datetime
hs_status | Status | select | DRAFT, APPROVAL_NOT_NEEDED, PENDING_APPROVAL, APPROVED, REJECTED, PENDING_BUYER_ACTION
hs_terms | Purchase terms | textarea
hs_comments | Comments to buyer | textarea
hs_currency | Currency | external
hs_language | Language | external
hs_locale | Locale | external
hs_slug | Quote slug | text
hs_domain | Domain | text
hs_template_type | Template type | select | CUSTOMIZABLE_QUOTE_TEMPLATE, PUBLIC_TEMPLATE
hs_esign_enabled | E-signature enabled | bool
hs_payment_enabled | Payments enabled | bool
hs_show_signature_box | Show signature box | bool
hs_proposal_template_path | Template path | text
hs_sender_company_name | Sender company name | text
hs_sender_company_domain | Sender company domain | text
hs_sender_company_address | Sender company address | text
hs_sender_company_city | Sender company city | text
hs_sender_company_country | Sender company country | text
hs_sender_firstname | Sender first name | text
hs_sender_lastname | Sender last name | text
hs_sender_email | Sender email | text
hs_sender_phone | Sender phone | text
hs_quote_amount | Amount | number!!
hs_quote_number | Quote number | text!
hs_quote_link | Quote link | text!!
hs_pdf_download_link | Download link | text!
hs_public_url_key | Public URL key | text!
"""
TABLES: Mapping[str, str] = {
    "0-3": _DEALS,
    "0-5": _TICKETS,
    "0-7": _PRODUCTS,
    "0-8": _LINE_ITEMS,
    "0-14": _QUOTES,
}
