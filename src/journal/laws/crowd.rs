//! Many tasks at once.

use std::collections::HashSet;

use super::{Stage, accepted, claim, entries, known, message, run};
use crate::component::{Claim, Journal as _, MessageKey, Ticket};
use crate::journal::{Filter, State};

pub fn of_many_tasks_one_is_granted<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let tasks: Vec<_> = (0..64_u32)
            .map(|task| {
                let store = store.clone();
                // Each wants a slot of its own beside the common one.
                tokio::spawn(
                    async move { claim(&*store, message(1), &[task + 10, 0], false).await },
                )
            })
            .collect();
        let mut granted = 0;
        for task in tasks {
            match task.await.unwrap() {
                Claim::Granted(..) => granted += 1,
                Claim::Busy(_) => {}
                Claim::Known(known) => panic!("nothing is known yet: {known:?}"),
            }
        }
        assert_eq!(granted, 1);
        assert_eq!(entries(&*store, &Filter::default()).await.len(), 2);
    });
}

pub fn many_tasks_do_not_disturb_each_other<S: Stage>() {
    run(async {
        let stage = S::fresh().await;
        let store = stage.open().await;
        let tasks: Vec<_> = (0..100_u8)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    let own = MessageKey([task; 32]);
                    let Claim::Granted(ticket, _) = claim(&*store, own, &[0, 1], false).await
                    else {
                        panic!("nobody else wants it")
                    };
                    store
                        .record(Ticket(ticket.0), &[(0, accepted()), (1, accepted())])
                        .await
                        .unwrap();
                    let answer = claim(&*store, own, &[0, 1], false).await;
                    assert_eq!(known(answer), [(0, true), (1, true)]);
                    ticket
                })
            })
            .collect();
        let mut tickets = HashSet::new();
        for task in tasks {
            tickets.insert(task.await.unwrap());
        }
        assert_eq!(tickets.len(), 100, "each ticket is unique");
        let all = entries(&*store, &Filter::default()).await;
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|it| it.state == State::Accepted));
    });
}
