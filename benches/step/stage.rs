//! A broker, a platform, and one contestant at a time between them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use isendpro_connector::runtime::step::cipher::{Cipher, Protocol};
use lapin::BasicProperties;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::Plan;
use crate::amqp::{pause, table};
use crate::contestant::Contestant;
use crate::figures::Figures;
use crate::platform::Platform;
use crate::queues::{Queue, Queues};
use crate::rabbit::Rabbit;
use crate::redis::Redis;
use crate::step::{IV, PASSWORD, Step};
use crate::support::child::Server;
use crate::support::measure::{Mark, Sample, peak_megabytes};
use crate::support::{NUM, text};

/// How often the results are counted.
const LOOK: Duration = Duration::from_millis(20);
/// No run takes so long.
const LIMIT: Duration = Duration::from_secs(120);

/// What all runs share.
pub struct Stage {
    pub plan: Plan,
    pub rabbit: Rabbit,
    cipher: Cipher,
}

/// The queues and the platform of one run, and the journal if it has one.
struct Set {
    queues: Queues,
    platform: Platform,
    redis: Option<Redis>,
    latency: u64,
}

impl Set {
    fn of(stage: &Stage, contestant: Contestant, api: &Server) -> Self {
        let platform = Platform::start();
        let config = contestant.config(&api.url);
        platform.set_step(json!({"config": config, "snapshot": {}}));
        let redis = contestant.redis.then(Redis::start);
        Self { queues: Queues::declare(&stage.rabbit.uri()), platform, redis, latency: api.latency }
    }

    /// Starts it. Its log goes to a file: who reads it takes nothing from the machine meanwhile.
    fn start(&self, contestant: Contestant, prefetch: u64) -> Result<(NamedTempFile, Step)> {
        let log = NamedTempFile::new()?;
        let launch = contestant.launch(&self.queues, &self.platform, prefetch, self.latency);
        let launch = launch.log_to(log.reopen()?);
        let launch = match &self.redis {
            Some(redis) => launch.env("ISENDPRO_JOURNAL", &redis.url()),
            None => launch,
        };
        Ok((log, launch.start()))
    }
}

impl Stage {
    /// A broker of its own.
    pub fn new(plan: Plan) -> Result<Self> {
        let cipher = Cipher::new(Some(PASSWORD), Some(IV))?;
        Ok(Self { plan, rabbit: Rabbit::start(), cipher })
    }

    /// One run: all messages wait when it starts.
    #[expect(clippy::cast_possible_truncation, reason = "a share of a message is none")]
    #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "counts are small")]
    pub fn run(&self, contestant: Contestant, api: &Server) -> Result<Figures> {
        let messages = (self.plan.messages as f64 * contestant.share) as u64;
        let warm_up = messages / 10;
        let set = Set::of(self, contestant, api);
        self.fill(&set.queues, warm_up + messages);
        let (log, step) = set.start(contestant, self.plan.prefetch)?;
        let pids = [step.pid, self.rabbit.pid(), api.pid()];
        let reached = |results| {
            let words = || std::fs::read_to_string(log.path()).unwrap_or_default();
            reach(&set.queues, results, pids).with_context(words)
        };
        let (started, ended) = (reached(warm_up)?, reached(warm_up + messages)?);
        let megabytes = peak_megabytes(step.pid)?;
        let measured = ended.1 - started.1;
        let sample = |it: usize| Sample::between(&started.0[it], &ended.0[it], measured);
        let figures = Figures::new(sample(0), sample(1), sample(2), megabytes);
        end(step, contestant)?;
        self.check(&set.queues, contestant)?;
        Ok(figures)
    }

    /// Milliseconds from the start of the process to its first result, with a message that waits.
    pub fn first_result(&self, contestant: Contestant) -> Result<f64> {
        let api = Server::start(0)?;
        let set = Set::of(self, contestant, &api);
        self.fill(&set.queues, 1);
        let began = Instant::now();
        let (_log, step) = set.start(contestant, self.plan.prefetch)?;
        set.queues.next(Queue::Data);
        let took = began.elapsed().as_secs_f64() * 1000.0;
        end(step, contestant)?;
        Ok(took)
    }

    fn fill(&self, queues: &Queues, messages: u64) {
        let message = |number: u64| {
            let headers = json!({
                "messageId": uuid::Uuid::new_v4().to_string(), "threadId": "thread-1", "stepId": "step_1",
                "execId": "exec1", "taskId": "flow1", "userId": "user1", "workspaceId": "workspace1",
            });
            let message = json!({
                "id": headers["messageId"], "attachments": {}, "headers": {}, "metadata": {},
                "body": {"num": NUM, "sms": text(number)},
            });
            let properties = BasicProperties::default()
                .with_content_type("application/json".into())
                .with_content_encoding("utf8".into())
                .with_headers(table(&headers));
            (properties, self.cipher.encrypt(message.to_string().as_bytes(), Protocol::V1))
        };
        queues.publish_all(Queue::Input, (0..messages).map(message).collect());
    }

    /// Whether what came out is what was meant to.
    fn check(&self, queues: &Queues, contestant: Contestant) -> Result<()> {
        let left = [Queue::Input, Queue::Error, Queue::Rebound].map(|it| queues.count(it));
        ensure!(left == [0; 3], "{}: inputs, errors, rebounds left: {left:?}", contestant.name);
        let result = queues.next(Queue::Data);
        let plain = self.cipher.open(&result.payload, Protocol::V1, |it| Ok(it.to_vec()))?;
        let result: Value = serde_json::from_slice(&plain)?;
        let said = result["body"].to_string();
        let fine = ["\"accepted\"", "\"code\":\"0\"", "\"num\""].iter().any(|it| said.contains(it));
        ensure!(fine, "{}: {said}", contestant.name);
        Ok(())
    }
}

/// Waits until so many results are there: the marks of these processes then, and how many are.
fn reach(queues: &Queues, results: u64, pids: [u32; 3]) -> Result<(Vec<Mark>, u64)> {
    let began = Instant::now();
    loop {
        let count = u64::from(queues.count(Queue::Data));
        if count >= results {
            let marks = pids.into_iter().map(Mark::of).collect::<Result<_>>()?;
            return Ok((marks, count));
        }
        ensure!(began.elapsed() < LIMIT, "{count} of {results} results");
        pause(LOOK);
    }
}

fn end(mut step: Step, contestant: Contestant) -> Result<()> {
    step.signal("TERM");
    ensure!(step.exited(LIMIT), "{} does not end", contestant.name);
    Ok(())
}
