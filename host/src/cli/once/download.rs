//! HEAD and STREAM: the bytes of one candidate, continued where a vanished
//! worker stopped.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ending::{Ended, Stopped};
use super::found::Found;
use super::program::{Program, Struck};
use super::resolution::to_json;
use crate::download::{DownloadError, Earlier, Validators, examine, head, stream, wants_md5};
use crate::http::Session;
use crate::ledger::{Begun, Finish, JobState, Json, Op, OpType, Replay, ResultCode};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::Candidate;

/// The stored result of a STREAM that brought a whole PDF.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Streamed {
    /// The name of the part file it stands in.
    pub(super) part: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) encrypted: bool,
    /// Where the bytes came from in the end, after redirects.
    pub(super) final_url: String,
    /// The byte the stream was continued at.
    #[serde(default)]
    pub(super) resumed_at: u64,
}

/// The stored result of an effect that struck its candidate.
#[derive(Debug, Serialize, Deserialize)]
struct Strike {
    outcome: Outcome,
    reason: Reason,
    message: String,
}

impl Program<'_> {
    /// Downloads and stores a candidate, or strikes it.
    pub(super) async fn obtain(&mut self, found: &Found) -> Result<Result<Ended, Struck>, Stopped> {
        let Some(candidate) = found.candidate() else {
            return Ok(Err(Struck {
                outcome: Outcome::Error,
                reason: Reason::Contract,
                message: "the stored candidate makes no sense".to_owned(),
            }));
        };
        self.looking.stop();
        // Its source's policy holds for its bytes too.
        let session = match &found.result.source {
            Some(source) => self.session.under(self.app.roster.download_policy(source)),
            None => self.session.clone(),
        };
        let streamed = match self.bytes_of(&session, &candidate).await? {
            Ok(streamed) => streamed,
            Err(struck) => return Ok(Err(struck)),
        };
        self.put_away(found, &candidate, streamed).await.map(Ok)
    }

    async fn bytes_of(
        &mut self,
        session: &Session,
        candidate: &Candidate,
    ) -> Result<Result<Streamed, Struck>, Stopped> {
        let url = candidate.url.as_str();
        let head_op = self.op(OpType::Head, json!({ "url": url }))?;
        let stream_op = self.op(OpType::Stream, json!({ "url": url }))?;
        let known = match self.replay_of(&head_op).await? {
            Some(replay) if replay.code == ResultCode::Ok => {
                Some(serde_json::from_value(replay.result).unwrap_or_default())
            }
            Some(replay) => return Ok(Err(strike_of(replay))),
            None => None,
        };
        let is_known = known.is_some();
        let validators: Validators = match known {
            Some(validators) => validators,
            None => match head(session, url).await {
                Ok(validators) => validators,
                Err(error) => {
                    let struck = struck_by(error)?;
                    let finish = Finish::not(head_op, code(&struck), strike(&struck)?);
                    self.book.finish(self.lease, finish).await?;
                    return Ok(Err(struck));
                }
            },
        };
        let names = self.parts_of_job()?;
        let earlier = self.store.folder().best_part(&names, &validators).await;
        let intent = json!({
            "part": self.part_name().to_string(), "url": url,
            "etag": validators.etag, "last_modified": validators.last_modified,
            "length": validators.length,
            "continues": earlier.as_ref().map(Earlier::promises),
        });
        let finish = Finish::ok(head_op, to_json(&validators)?).advancing(JobState::HeadDone);
        let begun = match (&earlier, is_known) {
            (None, false) => {
                let finish = finish.then(stream_op.clone(), intent);
                self.book.finish(self.lease, finish).await?.next
            }
            (earlier, is_known) => {
                if !is_known {
                    self.state = self.book.finish(self.lease, finish).await?.state;
                }
                if earlier.is_some() && self.state == JobState::HeadDone {
                    self.state = self.book.advance(self.lease, JobState::ResumeOk).await?;
                }
                Some(self.book.begin(self.lease, &stream_op, intent).await?)
            }
        };
        self.state = self.state.max(JobState::Streaming);
        match begun {
            Some(Begun::Replay(replay)) if replay.code == ResultCode::Ok => {
                Ok(serde_json::from_value(replay.result).map_err(|_| Struck {
                    outcome: Outcome::Error,
                    reason: Reason::Contract,
                    message: "the stored download makes no sense".to_owned(),
                }))
            }
            Some(Begun::Replay(replay)) => Ok(Err(strike_of(replay))),
            _ => {
                self.stream(session, candidate, stream_op, earlier.as_ref())
                    .await
            }
        }
    }

    async fn stream(
        &mut self,
        session: &Session,
        candidate: &Candidate,
        op: Op,
        earlier: Option<&Earlier>,
    ) -> Result<Result<Streamed, Struck>, Stopped> {
        match self.stream_now(session, candidate, earlier).await {
            Ok(streamed) => {
                let finalize = self.finalize_op(&streamed)?;
                let finish = Finish::ok(op, to_json(&streamed)?)
                    .then(finalize, self.finalize_intent(&streamed));
                let next = self.book.finish(self.lease, finish).await?.next;
                self.is_finalize_begun = next.is_some();
                Ok(Ok(streamed))
            }
            Err(error) => {
                let struck = struck_by(error)?;
                let code = code(&struck);
                if code == ResultCode::NonRetryable {
                    // Nobody will continue these bytes.
                    let _ = self
                        .store
                        .folder()
                        .remove_part(&self.part_name().to_string());
                }
                let finish = Finish::not(op, code, strike(&struck)?);
                self.book.finish(self.lease, finish).await?;
                Ok(Err(struck))
            }
        }
    }

    async fn stream_now(
        &self,
        session: &Session,
        candidate: &Candidate,
        earlier: Option<&Earlier>,
    ) -> Result<Streamed, DownloadError> {
        let part = self.part_name().to_string();
        let mut file = self.store.leased_part(&part, wants_md5(candidate)).await?;
        if let Some(earlier) = earlier {
            let kept = earlier.copy_into(&mut file).await?;
            self.drop_taken_over(candidate, kept).await;
        }
        let known = earlier.map(|earlier| &earlier.validators);
        let streamed = stream(session, candidate, file, known, self.halt).await?;
        let unwrapped = format!("{}.unwrapped", self.part_stem());
        let make = self.store.leased_part(&unwrapped, wants_md5(candidate));
        let examined = match examine(candidate, streamed.sealed, make).await {
            Err(DownloadError::Candidate { message, .. }) if streamed.answers_for_rest => {
                // The rest may be another file's, whatever the server said of it.
                tracing::debug!(
                    "{message}; it answered for the rest, so the whole is fetched once"
                );
                return Box::pin(self.stream_now(session, candidate, None)).await;
            }
            examined => examined?,
        };
        let stands_in = examined.sealed.guard.path().file_name();
        Ok(Streamed {
            part: stands_in
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or(part),
            sha256: examined.sealed.sha256.clone(),
            bytes: examined.sealed.bytes,
            encrypted: examined.encrypted,
            final_url: streamed.final_url,
            resumed_at: streamed.resumed_at,
        })
    }

    /// Parts of earlier leases that this one's has all of are not kept twice.
    async fn drop_taken_over(&self, candidate: &Candidate, kept: u64) {
        if let Ok(names) = self.parts_of_job() {
            let url = candidate.url.as_str();
            self.store.folder().drop_taken_over(&names, url, kept).await;
        }
    }

    /// What became of an effect before; a job that nobody had begun has none.
    async fn replay_of(&self, op: &Op) -> Result<Option<Replay>, Stopped> {
        if self.resumed() {
            Ok(self.book.replay(self.lease, op).await?)
        } else {
            Ok(None)
        }
    }
}

fn struck_by(error: DownloadError) -> Result<Struck, Stopped> {
    match error {
        DownloadError::Candidate {
            outcome,
            reason,
            message,
        } => Ok(Struck {
            outcome,
            reason,
            message,
        }),
        DownloadError::Store(error) => Err(Stopped::Store(error)),
    }
}

fn code(struck: &Struck) -> ResultCode {
    match struck.outcome {
        Outcome::Retryable | Outcome::Timeout | Outcome::Skipped => ResultCode::Retryable,
        _ => ResultCode::NonRetryable,
    }
}

fn strike(struck: &Struck) -> Result<Json, Stopped> {
    to_json(&Strike {
        outcome: struck.outcome,
        reason: struck.reason.clone(),
        message: struck.message.clone(),
    })
}

fn strike_of(replay: Replay) -> Struck {
    match serde_json::from_value::<Strike>(replay.result) {
        Ok(strike) => Struck {
            outcome: strike.outcome,
            reason: strike.reason,
            message: strike.message,
        },
        Err(_) => Struck {
            outcome: Outcome::NoPdf,
            reason: Reason::NotAPdf,
            message: "struck before".to_owned(),
        },
    }
}
